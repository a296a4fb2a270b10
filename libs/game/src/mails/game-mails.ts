import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AppConfig,
  type ComposedMail,
  type Language,
  MailKinds,
  type MailOrder,
  momentInWords,
  moneyInWords,
  PG_POOL,
} from '@tiptop/platform';
import type { Pool } from 'pg';
import { PRIZE_HANDED_OVER_MAIL, PRIZE_WON_MAIL } from './mail-names';
import { openShops } from './open-shops';
import { PRIZE_HANDED_OVER } from './prize-handed-over.text';
import { PRIZE_WON } from './prize-won.text';

/** A ticket and all that a letter may say of it. */
interface WonTicket {
  code: string;
  claimedAt: Date | null;
  claimEndsAt: Date;
  firstName: string;
  lastName: string;
  email: string;
  language: Language;
  prize: string;
  valueCents: number;
  currency: string;
  shop: string | null;
}

/** The letters of the contest. Each is written from the ticket as it stands when the letter is about to leave. */
@Injectable()
export class GameMails implements OnModuleInit {
  constructor(
    private readonly kinds: MailKinds,
    @Inject(PG_POOL) private readonly pool: Pool,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.kinds.register(PRIZE_WON_MAIL, (order) => this.prizeWon(order));
    this.kinds.register(PRIZE_HANDED_OVER_MAIL, (order) => this.prizeHandedOver(order));
  }

  /** `data.code`: of the ticket. */
  private async prizeWon(order: MailOrder): Promise<ComposedMail | undefined> {
    const ticket = await this.find(order);
    if (!ticket) return undefined;
    const { language, firstName, code, prize, valueCents, currency, claimEndsAt } = ticket;
    return {
      to: recipient(ticket),
      language,
      texts: PRIZE_WON,
      variables: {
        firstName,
        code,
        prize,
        value: valueCents > 0 ? moneyInWords(valueCents, currency, language) : '',
        until: momentInWords(claimEndsAt, language, this.config.timeZone),
        shops: await openShops(this.pool),
        link: this.config.webUrl,
      },
    };
  }

  /** `data.code`: of the ticket; `data.claimedAt`: which hand-over, should one have been taken back since. */
  private async prizeHandedOver(order: MailOrder): Promise<ComposedMail | undefined> {
    const ticket = await this.find(order);
    if (!ticket?.claimedAt || ticket.claimedAt.toISOString() !== order.data['claimedAt']) return undefined;
    const { language, firstName, code, prize, claimedAt, shop } = ticket;
    return {
      to: recipient(ticket),
      language,
      texts: PRIZE_HANDED_OVER,
      variables: {
        firstName,
        code,
        prize,
        at: momentInWords(claimedAt, language, this.config.timeZone),
        shop: shop ?? '',
      },
    };
  }

  /** @returns undefined where the ticket is not the person's, or the person was erased */
  private async find({ userId, data }: MailOrder): Promise<WonTicket | undefined> {
    const { rows } = await this.pool.query<WonTicket>({
      name: 'won-ticket',
      text: `
        SELECT t.code, t.claimed_at AS "claimedAt", c.claim_ends_at AS "claimEndsAt", u.first_name AS "firstName",
          u.last_name AS "lastName", u.email, u.language, p.name AS prize, p.value_cents AS "valueCents", p.currency,
          s.name || ' (' || s.city || ')' AS shop
        FROM tickets t JOIN contests c ON c.id = t.contest_id JOIN prizes p ON p.id = t.prize_id
          JOIN users u ON u.id = t.player_id LEFT JOIN stores s ON s.id = t.store_id
        WHERE t.code = $1 AND t.player_id = $2 AND u.erased_at IS NULL`,
      values: [data['code'], userId],
    });
    return rows[0];
  }
}

function recipient({ firstName, lastName, email }: WonTicket): ComposedMail['to'] {
  return { name: `${firstName} ${lastName}`, address: email };
}
