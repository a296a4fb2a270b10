import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { Alerts } from '../alerts/alerts';
import { BackupHealth } from './backup-health';
import type { Trouble, TroubleKind } from './backup-troubles';
import { WATCH_FILE, WatchMemory } from './watch-memory';

/** After an alert that did not reach everybody. */
const AGAIN_MS = 3_600_000;

/** The same each time, so that what is the same can be told by it; the figures stand in the text. */
const SUBJECTS: Readonly<Record<TroubleKind, string>> = {
  stale: 'the newest verified backup is too old',
  none: 'no backup was ever made',
  night: 'the last nightly run failed',
  restore: 'the last trial restore did not pass',
  drill: 'the last drill did not pass',
};

/**
 * Tells people when backups are no longer as they should be: once for each kind of trouble, and again only once that was
 * over and has come back. For the process that runs what the calendar asks for, at each of its ticks.
 */
@Injectable()
export class BackupWatch {
  private readonly memory: WatchMemory;
  private readonly environment: string;
  /** Undefined until the first look. */
  private told: Set<TroubleKind> | undefined;
  /** When an alert last failed to reach everybody, by the kinds that it told. */
  private readonly failedAt = new Map<TroubleKind, number>();

  constructor(
    { ops }: AppConfig,
    private readonly health: BackupHealth,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.memory = new WatchMemory(join(ops.backupDir, WATCH_FILE));
    this.environment = ops.environment;
  }

  /** Never rejects. A database that can't be asked ends no trouble and begins none: of that others tell. */
  async look(signal: AbortSignal): Promise<void> {
    let troubles: readonly Trouble[];
    try {
      troubles = await this.health.troubles();
    } catch (err) {
      this.logger.debug({ err }, 'The backups could not be looked at');
      return;
    }
    if (signal.aborted) return;
    const before = (this.told ??= await this.memory.recall());
    const told = new Set(troubles.map(({ kind }) => kind).filter((kind) => before.has(kind)));
    const news = troubles.filter(({ kind }) => !told.has(kind) && !this.isTooSoon(kind));
    if (news.length > 0 && (await this.tell(news))) for (const { kind } of news) told.add(kind);
    this.told = told;
    for (const kind of this.failedAt.keys())
      if (!troubles.some((trouble) => trouble.kind === kind)) this.failedAt.delete(kind);
    if (told.size !== before.size || [...told].some((kind) => !before.has(kind))) await this.keep(told);
  }

  private isTooSoon(kind: TroubleKind): boolean {
    const failedAt = this.failedAt.get(kind);
    return failedAt !== undefined && Math.abs(this.clock.now().getTime() - failedAt) < AGAIN_MS;
  }

  /** @returns whether it reached everybody */
  private async tell(news: readonly Trouble[]): Promise<boolean> {
    const kinds = [...new Set(news.map(({ kind }) => kind))];
    const failed = await this.alerts.send({
      level: 'failure',
      subject: `Backups of ${this.environment}: ${kinds.map((kind) => SUBJECTS[kind]).join('; ')}`,
      text: news.map(({ text }) => text).join('\n'),
      facts: { step: 'health', cause: kinds.join(', ') },
    });
    const now = this.clock.now().getTime();
    for (const kind of kinds) {
      if (failed.length > 0) this.failedAt.set(kind, now);
      else this.failedAt.delete(kind);
    }
    return failed.length === 0;
  }

  private async keep(told: ReadonlySet<TroubleKind>): Promise<void> {
    try {
      await this.memory.keep(told);
    } catch (err) {
      this.logger.warn({ err }, 'What was told of the backups could not be written down: a restart may tell it again');
    }
  }
}
