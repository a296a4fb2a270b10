import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { commitTo, DECK_ALGORITHM, SEED_BYTES, shuffleDeck, verifyCommitment } from '../domain/deck';
import { CARDS_PER_PAGE, DeckSeal } from '../domain/deck-seal';
import { allocateShares } from '../domain/shares';
import { ContestNotFound } from './contest.errors';
import { Deck } from './deck.entity';
import { Prize } from './prize.entity';

const PAGES_PER_INSERT = 256;

/** What a look into a sealed deck found. */
export interface DeckVerification {
  contestId: string;
  commitment: string;
  /** Whether seed and counts give the committed deck. */
  commitmentHolds: boolean;
  /** Whether the stored cards are that deck. */
  cardsIntact: boolean;
  /** Played tickets whose prize is not the one their position holds. */
  wrongPrizes: number;
  /** Whether all of it holds. */
  holds: boolean;
}

/** Makes a contest's deck, seals it, and proves afterwards that it was dealt as committed. */
@Injectable()
export class DeckService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Shuffles and seals a deck for all tickets of a contest, in the place of an earlier one. Within the caller's
   * transaction, which holds the contest's row and has made sure that nothing was dealt.
   * @param size how many tickets the contest has
   */
  async seal(manager: EntityManager, contestId: string, size: number): Promise<void> {
    const seed = randomBytes(SEED_BYTES);
    const cards = shuffleDeck(seed, await this.counts(manager, contestId, size));
    const seal = DeckSeal.create(this.config.deckSecret);
    await manager.delete(Deck, { contestId });
    // A function of the database's owner: the service's role may make no sequence, and set none back.
    const [sequence] = await manager.query<{ name: string }[]>('SELECT renew_deck_sequence($1) AS name', [contestId]);
    if (!sequence) throw new Error('renew_deck_sequence gave no name');
    await manager.insert(Deck, {
      contestId,
      size,
      pageSize: CARDS_PER_PAGE,
      sequenceName: sequence.name,
      algorithm: DECK_ALGORITHM,
      commitment: commitTo(seed, cards),
      salt: seal.salt,
      sealedSeed: seal.sealSeed(seed),
      keyFingerprint: seal.fingerprint,
      sealedAt: this.clock.now(),
    });
    await this.store(manager, contestId, seal.mask(cards));
  }

  /**
   * Opens the seed and repeats everything: shuffle, commitment, stored cards, prizes dealt.
   * @throws ContestNotFound where the contest has no deck
   */
  async verify(contestId: string): Promise<DeckVerification> {
    const { manager } = this.dataSource;
    const deck = await manager.findOneBy(Deck, { contestId });
    if (!deck) throw new ContestNotFound();
    const seal = DeckSeal.open(this.config.deckSecret, deck.salt);
    const seed = openedSeed(seal, deck);
    const counts = await this.counts(manager, contestId, deck.size);
    const cards = seed ? shuffleDeck(seed, counts) : Buffer.alloc(0);
    const pages = await manager.query<{ cards: Buffer }[]>(
      'SELECT cards FROM deck_pages WHERE contest_id = $1 ORDER BY page',
      [contestId],
    );
    const commitmentHolds = seed !== undefined && verifyCommitment(deck.commitment, seed, counts);
    const cardsIntact = seal.mask(Buffer.concat(pages.map((page) => page.cards))).equals(cards);
    const wrongPrizes = await this.countWrongPrizes(manager, contestId, cards);
    const holds = commitmentHolds && cardsIntact && wrongPrizes === 0;
    return { contestId, commitment: deck.commitment, commitmentHolds, cardsIntact, wrongPrizes, holds };
  }

  private async counts(manager: EntityManager, contestId: string, size: number): Promise<number[]> {
    const prizes = await manager.find(Prize, { where: { contestId }, order: { ordinal: 'ASC' } });
    return allocateShares(
      size,
      prizes.map((prize) => prize.weight),
    );
  }

  private async store(manager: EntityManager, contestId: string, sealedCards: Buffer): Promise<void> {
    const pages: Buffer[] = [];
    for (let start = 0; start < sealedCards.length; start += CARDS_PER_PAGE) {
      pages.push(sealedCards.subarray(start, start + CARDS_PER_PAGE));
    }
    for (let first = 0; first < pages.length; first += PAGES_PER_INSERT) {
      await manager.query(
        `INSERT INTO deck_pages (contest_id, page, cards)
         SELECT $1, $2::int + n - 1, cards FROM unnest($3::bytea[]) WITH ORDINALITY AS pages (cards, n)`,
        [contestId, first, pages.slice(first, first + PAGES_PER_INSERT)],
      );
    }
  }

  private async countWrongPrizes(manager: EntityManager, contestId: string, cards: Buffer): Promise<number> {
    // The opened deck goes to the database as one value, not the tickets to us: a contest may have millions.
    const [row] = await manager.query<{ wrong: string }[]>(
      `SELECT count(*) AS wrong FROM tickets t LEFT JOIN prizes p ON p.id = t.prize_id AND p.contest_id = t.contest_id
       WHERE t.contest_id = $1 AND t.deck_position IS NOT NULL
         AND (t.deck_position NOT BETWEEN 1 AND octet_length($2::bytea)
           OR p.ordinal IS DISTINCT FROM get_byte($2::bytea, t.deck_position - 1))`,
      [contestId, cards],
    );
    return Number(row?.wrong);
  }
}

/** The seed, or undefined where what is stored of it was altered. */
function openedSeed(seal: DeckSeal, deck: Deck): Buffer | undefined {
  try {
    return seal.openSeed(deck.sealedSeed);
  } catch {
    return undefined;
  }
}
