import { Inject, Injectable } from '@nestjs/common';
import {
  AppConfig,
  ATTEMPT_BUDGETS_TABLE,
  AttemptLimiter,
  LOGGER,
  networkOf,
  PG_POOL,
  TooManyAttempts,
} from '@tiptop/platform';
import type { Pool } from 'pg';
import type { Logger } from 'pino';

/** Who tries, from where, in which contest. */
export interface Attempt {
  accountId: string;
  address: string;
  contestId: string;
}

/**
 * Bears a number of unknown codes before it suspects guessing. Each account has its budget. The budgets of an address
 * and of the whole contest never block anybody by themselves, or a shop's customers behind one address, and any attacker
 * from anywhere, could lock everybody out: once such a budget is used up, the accounts that have been failing get along
 * with a smaller one. Who types a right code first never notices.
 */
@Injectable()
export class CodeBudget {
  private readonly account: AttemptLimiter;
  private readonly address: AttemptLimiter;
  private readonly contest: AttemptLimiter;
  private readonly underPressure: number;
  private readonly windowSeconds: number;

  constructor(
    @Inject(PG_POOL) private readonly pool: Pool,
    config: AppConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const { codeAttempts } = config;
    this.account = new AttemptLimiter(pool, 'code-account', codeAttempts.account, codeAttempts);
    this.address = new AttemptLimiter(pool, 'code-address', codeAttempts.address, codeAttempts);
    this.contest = new AttemptLimiter(pool, 'code-contest', codeAttempts.contest, codeAttempts);
    this.underPressure = codeAttempts.underPressure;
    this.windowSeconds = codeAttempts.windowSeconds;
  }

  /**
   * The parameters with which `budgetOpenSql` asks the same question as `assertOpen`, inside another statement.
   * Eight values: three keys, the time in milliseconds since 1970, the limit of the account, of the address, of the contest, and
   * the account's limit under pressure.
   */
  sqlParameters({ accountId, address, contestId }: Attempt): readonly (string | number)[] {
    return [
      this.account.rowKey(accountId),
      this.address.rowKey(networkOf(address)),
      this.contest.rowKey(contestId),
      // The limiter writes the system's time, so this is not the movable clock's.
      Date.now(),
      this.account.points,
      this.address.points,
      this.contest.points,
      this.underPressure,
    ];
  }

  /** @throws TooManyAttempts */
  async assertOpen(attempt: Attempt): Promise<void> {
    const [account, address, contest] = await Promise.all([
      this.account.state(attempt.accountId),
      this.address.state(networkOf(attempt.address)),
      this.contest.state(attempt.contestId),
    ]);
    if (account.exceeded) throw new TooManyAttempts(account.retryAfterSeconds);
    const pressure = Math.max(address.retryAfterSeconds, contest.retryAfterSeconds);
    if (pressure > 0 && account.failures >= this.underPressure) throw new TooManyAttempts(pressure);
  }

  /**
   * Counts an unknown code.
   * @throws TooManyAttempts where this very attempt was one too many: of guesses made at once, only as many as the budget
   * bears learn anything
   */
  async fail(attempt: Attempt): Promise<void> {
    const [account, address, contest] = await Promise.all([
      this.account.fail(attempt.accountId),
      this.address.fail(networkOf(attempt.address)),
      this.contest.fail(attempt.contestId),
    ]);
    if (account.failures === this.account.points + 1) this.warn('account', account.failures, attempt);
    if (address.failures === this.address.points + 1) this.warn('address', address.failures, attempt);
    if (contest.failures === this.contest.points + 1) this.warn('contest', contest.failures, attempt);
    if (account.exceeded) throw new TooManyAttempts(account.retryAfterSeconds);
    const pressure = Math.max(address.retryAfterSeconds, contest.retryAfterSeconds);
    if (pressure > 0 && account.failures > this.underPressure) throw new TooManyAttempts(pressure);
  }

  private warn(scope: string, failures: number, { address, contestId }: Attempt): void {
    this.pool
      .query<{ accounts: string; addresses: string }>({
        name: 'code-burst',
        text: `SELECT count(*) FILTER (WHERE key LIKE 'code-account:%') AS accounts,
                 count(*) FILTER (WHERE key LIKE 'code-address:%') AS addresses
               FROM ${ATTEMPT_BUDGETS_TABLE} WHERE expire > $1`,
        values: [Date.now()],
      })
      .then(({ rows }) => {
        this.logger.warn(
          {
            scope,
            failures,
            windowSeconds: this.windowSeconds,
            accounts: Number(rows[0]?.accounts),
            addresses: Number(rows[0]?.addresses),
            address,
            contestId,
          },
          'A burst of unknown codes: somebody may be guessing',
        );
      })
      .catch((err: unknown) => {
        this.logger.warn({ err, scope, failures }, 'A burst of unknown codes, and its extent could not be counted');
      });
  }
}

/**
 * SQL that is true while the budget is open. It stands in the statement that plays, so that a play costs one round trip.
 * @param first number of the first of the eight parameters of `sqlParameters`
 */
export function budgetOpenSql(first: number): string {
  const p = (offset: number): string => `$${(first + offset).toString()}`;
  return `(
    SELECT NOT (coalesce(max(points) FILTER (WHERE key = ${p(0)}), 0) > ${p(4)}::int
      OR (coalesce(max(points) FILTER (WHERE key = ${p(0)}), 0) >= ${p(7)}::int
        AND (coalesce(max(points) FILTER (WHERE key = ${p(1)}), 0) > ${p(5)}::int
          OR coalesce(max(points) FILTER (WHERE key = ${p(2)}), 0) > ${p(6)}::int)))
    FROM ${ATTEMPT_BUDGETS_TABLE} WHERE key IN (${p(0)}, ${p(1)}, ${p(2)}) AND expire > ${p(3)}::bigint)`;
}
