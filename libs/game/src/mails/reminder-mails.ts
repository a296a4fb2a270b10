import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AppConfig,
  Clock,
  type ComposedMail,
  type Language,
  MailKinds,
  type MailOrder,
  momentInWords,
  PG_POOL,
} from '@tiptop/platform';
import type { Pool } from 'pg';
import { PRIZE_REMINDER_MAIL } from './mail-names';
import { openShops } from './open-shops';
import { PRIZE_REMINDER } from './prize-reminder.text';

/** More prizes than this are not listed in a letter; the account shows them all. */
const LISTED_PRIZES = 20;

/** Somebody whose prizes wait. */
interface Reader {
  firstName: string;
  lastName: string;
  email: string;
  language: Language;
  claimEndsAt: Date;
  /** Prize and code of each, the oldest play first. */
  waiting: { prize: string; code: string }[];
}

/** The reminder, one letter for all prizes of a person that still wait when it is about to leave. */
@Injectable()
export class ReminderMails implements OnModuleInit {
  constructor(
    private readonly kinds: MailKinds,
    @Inject(PG_POOL) private readonly pool: Pool,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.kinds.register(PRIZE_REMINDER_MAIL, (order) => this.compose(order));
  }

  /** `data.contestId`: which contest's prizes. */
  private async compose({ userId, data }: MailOrder): Promise<ComposedMail | undefined> {
    const reader = await this.find(userId, data['contestId'] ?? null);
    if (!reader || reader.claimEndsAt <= this.clock.now()) return undefined;
    const { firstName, lastName, email, language, claimEndsAt, waiting } = reader;
    const listed = waiting.slice(0, LISTED_PRIZES).map(({ prize, code }) => `${prize} (code ${code})`);
    return {
      to: { name: `${firstName} ${lastName}`, address: email },
      language,
      texts: PRIZE_REMINDER,
      variables: {
        firstName,
        prizes: [...listed, ...(waiting.length > LISTED_PRIZES ? ['…'] : [])].join(' ; '),
        until: momentInWords(claimEndsAt, language, this.config.timeZone),
        shops: await openShops(this.pool),
        link: this.config.webUrl,
      },
    };
  }

  /** @returns undefined where nothing waits any more, or the person was archived or erased */
  private async find(userId: string, contestId: string | null): Promise<Reader | undefined> {
    const { rows } = await this.pool.query<Reader>({
      name: 'waiting-prizes',
      text: `
        SELECT u.first_name AS "firstName", u.last_name AS "lastName", u.email, u.language,
          c.claim_ends_at AS "claimEndsAt",
          json_agg(json_build_object('prize', p.name, 'code', t.code) ORDER BY t.played_at, t.code) AS waiting
        FROM tickets t JOIN contests c ON c.id = t.contest_id JOIN prizes p ON p.id = t.prize_id
          JOIN users u ON u.id = t.player_id
        WHERE t.player_id = $1 AND t.contest_id = $2 AND t.status = 'pending' AND u.is_active AND u.erased_at IS NULL
        GROUP BY u.id, c.id`,
      values: [userId, contestId],
    });
    return rows[0];
  }
}
