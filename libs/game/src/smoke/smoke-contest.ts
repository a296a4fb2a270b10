import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AdvisoryLock, AppConfig } from '@tiptop/platform';
import { type Credentials, SmokePeople } from './smoke-people';
import { SmokeTickets } from './smoke-tickets';

export const SMOKE_LOCK = 'smoke-journey';
/** A journey takes seconds. */
const TURN_MS = 180_000;
const PAUSE_MS = 200;

/** The stage of smoke journeys, apart from every contest that counts. One journey at a time, on one database. */
@Injectable()
export class SmokeContest {
  private lock: AdvisoryLock | undefined;

  constructor(
    private readonly people: SmokePeople,
    private readonly tickets: SmokeTickets,
    private readonly config: AppConfig,
  ) {}

  /**
   * Waits for its turn, makes contest and people where they are missing, and lets the people in under new passwords.
   * What it gives is good until strike(), and for an hour at most.
   */
  async prepare(signal: AbortSignal): Promise<{ customer: Credentials; employee: Credentials; code: string }> {
    this.lock = await this.turn(signal);
    try {
      const code = await this.tickets.open(signal);
      return { ...(await this.people.admit()), code };
    } catch (error) {
      await this.strike().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Closes the contest, and takes from the people every way in again. Where nothing was prepared it clears up what a
   * journey left that was cut off, unless another one is under way.
   */
  async strike(): Promise<void> {
    const lock = this.lock ?? (await AdvisoryLock.tryAcquire(this.databaseUrl(), SMOKE_LOCK));
    if (!lock) return;
    this.lock = undefined;
    try {
      await this.people.dismiss();
      await this.tickets.close();
    } finally {
      await lock.release();
    }
  }

  private async turn(signal: AbortSignal): Promise<AdvisoryLock> {
    const begin = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const lock = await AdvisoryLock.tryAcquire(this.databaseUrl(), SMOKE_LOCK);
      if (lock) return lock;
      if (performance.now() - begin > TURN_MS) {
        throw new Error(`Another smoke journey has been under way for more than ${TURN_MS / 1000} s`);
      }
      await pause(PAUSE_MS, undefined, { signal });
    }
  }

  private databaseUrl(): string {
    const { databaseUrl } = this.config;
    if (databaseUrl === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
    return databaseUrl;
  }
}
