import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  AppConfig,
  AttemptLimiter,
  type AttemptState,
  derivedKey,
  KeyMemory,
  networkOf,
  PG_POOL,
  TooManyAttempts,
} from '@tiptop/platform';
import type { Pool } from 'pg';

const KNOWN_FOR_SECONDS = 30 * 86_400;

/** How the budgets stand for one account and one network. */
interface Standing {
  /** Of this account from this network. */
  pair: AttemptState;
  /** Of this network over all accounts. */
  address: AttemptState;
  /** Of this account from everywhere. */
  everywhere: AttemptState;
  /** Whether this account was signed in to from this network lately. */
  known: boolean;
}

/**
 * Wrong passwords borne before sign-in pauses. Counted for the pair of account and network first, so that a stranger who
 * guesses from elsewhere can't lock the owner out. What strangers do makes it harder for strangers only: once an account
 * has had too many failures from everywhere together, networks from which nobody ever signed in to it get along with a
 * smaller budget; once a network has had too many over all accounts, it pauses for those accounts that were never
 * signed in to from there. Whoever comes with the right password first is let in from anywhere.
 */
@Injectable()
export class SignInBudget {
  private readonly pair: AttemptLimiter;
  private readonly address: AttemptLimiter;
  private readonly everywhere: AttemptLimiter;
  private readonly known: KeyMemory;
  private readonly underPressure: number;
  private readonly secret: Buffer;

  constructor(@Inject(PG_POOL) pool: Pool, config: AppConfig) {
    const { loginAttempts } = config;
    this.pair = new AttemptLimiter(pool, 'login-pair', loginAttempts.account, loginAttempts);
    this.address = new AttemptLimiter(pool, 'login-address', loginAttempts.address, loginAttempts);
    this.everywhere = new AttemptLimiter(pool, 'login-everywhere', loginAttempts.everywhere, loginAttempts);
    this.known = new KeyMemory(pool, 'login-known', KNOWN_FOR_SECONDS);
    this.underPressure = loginAttempts.underPressure;
    this.secret = derivedKey(config.accountSecret, 'sign-in budget');
  }

  /** @throws TooManyAttempts */
  async assertOpen(emailKey: string, address: string): Promise<void> {
    const pairKey = this.pairKey(emailKey, address);
    const [pair, network, everywhere, known] = await Promise.all([
      this.pair.state(pairKey),
      this.address.state(networkOf(address)),
      this.everywhere.state(this.keyOf(emailKey)),
      this.known.knows(pairKey),
    ]);
    this.assertBorne({ pair, address: network, everywhere, known }, 0);
  }

  /**
   * Counts a wrong password.
   * @throws TooManyAttempts where the budget was used up before this one: of guesses made at once, only as many as it
   * bears learn anything
   */
  async fail(emailKey: string, address: string): Promise<void> {
    const pairKey = this.pairKey(emailKey, address);
    const [pair, network, everywhere, known] = await Promise.all([
      this.pair.fail(pairKey),
      this.address.fail(networkOf(address)),
      this.everywhere.fail(this.keyOf(emailKey)),
      this.known.knows(pairKey),
    ]);
    this.assertBorne({ pair, address: network, everywhere, known }, 1);
  }

  /** Forgives the failures of the account from this network. */
  async succeed(emailKey: string, address: string): Promise<void> {
    await this.pair.forgive(this.pairKey(emailKey, address));
  }

  /** Notes that the account was signed in to from this network, all that is asked for having been shown. */
  async remember(emailKey: string, address: string): Promise<void> {
    await this.known.remember(this.pairKey(emailKey, address));
  }

  /** What stands for the account and this network, if it was signed in to from there within the last 30 days. */
  async knownPair(emailKey: string, address: string): Promise<string | undefined> {
    const pairKey = this.pairKey(emailKey, address);
    return (await this.known.knows(pairKey)) ? pairKey : undefined;
  }

  /** @param own how many of the failures counted are the attempt itself */
  private assertBorne({ pair, address, everywhere, known }: Standing, own: 0 | 1): void {
    const waits = [pair.failures - own > this.pair.points ? pair.retryAfterSeconds : 0];
    if (!known) {
      if (address.failures - own > this.address.points) waits.push(address.retryAfterSeconds);
      const pressed = everywhere.failures - own > this.everywhere.points;
      if (pressed && pair.failures - own >= this.underPressure) waits.push(everywhere.retryAfterSeconds);
    }
    const seconds = Math.max(...waits);
    if (seconds > 0) throw new TooManyAttempts(seconds);
  }

  private pairKey(emailKey: string, address: string): string {
    return this.keyOf(`${emailKey}\n${networkOf(address)}`);
  }

  /** The table of budgets is no place for e-mail addresses, nor for what could be compared with a list of them. */
  private keyOf(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('base64url');
  }
}
