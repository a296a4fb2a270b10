import { orderMailSql } from '@tiptop/platform';
import { CARDS_PER_MASK, CARDS_PER_PAGE } from '../domain/deck-seal';
import { PRIZE_WON_MAIL } from '../mails/mail-names';
import { budgetOpenSql } from './code-budget';

/**
 * The place in the prize list of the card at a position, opened with the deck's key; the inverse of DeckSeal.mask().
 * @param position SQL of a position from 1
 * @param cards SQL of the page's cards
 * @param key SQL of the card key
 */
function cardSql(position: string, cards: string, key: string): string {
  const index = `(${position} - 1)`;
  const mask = `sha256(${key} || int8send(${index} / ${CARDS_PER_MASK.toString()}))`;
  return `get_byte(${cards}, (${index} % ${CARDS_PER_PAGE.toString()})::int)
      # get_byte(${mask}, (${index} % ${CARDS_PER_MASK.toString()})::int)`;
}

/** Tells the winner by a letter, which is in the queue once the play is committed. Reads the code in `won`. */
const LETTER = orderMailSql(`'${PRIZE_WON_MAIL}'`, '$3', "jsonb_build_object('code', won.code)", 'won');

/** What a play gives back: nothing where no ticket could be won; a row without prize where the deck ran out. */
export interface PlayRow {
  claimEndsAt: Date;
  /** Whether the sequence has passed the last card. */
  exhausted?: boolean;
  id: string | null;
  name: string;
  description: string;
  valueCents: number;
  currency: string;
}

/** Parameters of PLAY_STATEMENT up to the budget's. */
export type PlayParameters = [
  code: string,
  contestId: string,
  playerId: string,
  now: Date,
  playKey: string | null,
  keyFingerprint: string,
  cardKey: Buffer,
];

/**
 * Wins a ticket and deals its prize, in one statement. The row lock comes before the sequence, so that of many players
 * on one code the losers wait, find the ticket gone and draw no card. A position drawn by a transaction that fails
 * afterwards stays undealt; DealLeftovers deals it at the end.
 */
export const PLAY_STATEMENT = `
WITH ticket AS MATERIALIZED (
  SELECT t.code, c.claim_ends_at, d.size, d.sequence_name
  FROM tickets t JOIN contests c ON c.id = t.contest_id JOIN decks d ON d.contest_id = t.contest_id
  WHERE t.code = $1 AND t.contest_id = $2 AND t.player_id IS NULL
    AND c.starts_at <= $4 AND $4 < c.claim_ends_at
    AND d.key_fingerprint = $6
    AND ($5::text IS NULL OR NOT EXISTS (SELECT 1 FROM tickets other WHERE other.player_id = $3 AND other.play_key = $5))
    AND ${budgetOpenSql(8)}
  FOR NO KEY UPDATE OF t
), dealt AS MATERIALIZED (
  SELECT code, claim_ends_at, size, nextval(sequence_name::regclass) AS position FROM ticket
), card AS MATERIALIZED (
  SELECT d.code, d.position, ${cardSql('d.position', 'page.cards', '$7::bytea')} AS ordinal
  FROM dealt d JOIN deck_pages page ON page.contest_id = $2 AND page.page = (d.position - 1) / ${CARDS_PER_PAGE.toString()}
  WHERE d.position <= d.size
), won AS (
  UPDATE tickets t
  SET status = 'pending', player_id = $3, played_at = $4, play_key = $5, deck_position = card.position, prize_id = p.id
  FROM card JOIN prizes p ON p.contest_id = $2 AND p.ordinal = card.ordinal
  WHERE t.code = card.code AND t.player_id IS NULL
  RETURNING t.code, p.id, p.name, p.description, p.value_cents, p.currency
), letter AS (${LETTER})
SELECT dealt.claim_ends_at AS "claimEndsAt", dealt.position > dealt.size AS exhausted, won.id, won.name, won.description, won.value_cents AS "valueCents",
  won.currency
FROM dealt LEFT JOIN won ON true`;

/** Wins a locked ticket with the card at a given position ($8). */
export const PLAY_LEFTOVER_STATEMENT = `
WITH card AS MATERIALIZED (
  SELECT ${cardSql('$8::bigint', 'page.cards', '$7::bytea')} AS ordinal
  FROM deck_pages page JOIN decks d ON d.contest_id = page.contest_id AND d.key_fingerprint = $6
  WHERE page.contest_id = $2 AND page.page = ($8::bigint - 1) / ${CARDS_PER_PAGE.toString()}
), won AS (
  UPDATE tickets t
  SET status = 'pending', player_id = $3, played_at = $4, play_key = $5, deck_position = $8::bigint, prize_id = p.id
  FROM card JOIN prizes p ON p.contest_id = $2 AND p.ordinal = card.ordinal
  JOIN contests c ON c.id = $2
  WHERE t.code = $1 AND t.player_id IS NULL
  RETURNING t.code, c.claim_ends_at, p.id, p.name, p.description, p.value_cents, p.currency
), letter AS (${LETTER})
SELECT won.claim_ends_at AS "claimEndsAt", won.id, won.name, won.description, won.value_cents AS "valueCents",
  won.currency
FROM won`;
