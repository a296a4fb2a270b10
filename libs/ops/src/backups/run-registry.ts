import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AppConfig, AuditLog, Clock, isUniqueViolation, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { In, Repository } from 'typeorm';
import { formatBackupId } from './backup-id';
import { BackupRun } from './backup-run.entity';
import { MOST_TRIES, type RunRequest } from './backup-runs';

const SECOND_MS = 1000;
/** Pauses before the end of a run is written down again, of a database that is away. */
const LAST_WORDS_MS = [1000, 3000, 9000] as const;

/** What is known of runs in the database. A run goes on without it: its backup is known by its manifest. */
@Injectable()
export class RunRegistry {
  private readonly environment: string;

  constructor(
    { ops }: AppConfig,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
    @InjectRepository(BackupRun) private readonly runs: Repository<BackupRun>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.environment = ops.environment;
  }

  /**
   * Writes down that a run begins.
   * @returns undefined where another one has, or has had, its slot or its request, or where the slot was tried often enough
   */
  async begin(request: RunRequest, owner: string): Promise<BackupRun | undefined> {
    if (request.requested !== undefined) return this.takeUp(request.requested, owner);
    return (await this.isGivenUp(request.slot)) ? undefined : this.insert(request, owner);
  }

  /**
   * Marks the runs as failed that were under way. To be called by whoever holds the lease: they can't be any more.
   * @returns them
   */
  async buryDead(): Promise<BackupRun[]> {
    const dead = await this.runs.findBy({ environment: this.environment, status: 'running' });
    for (const run of dead) {
      Object.assign(run, {
        status: 'failed',
        finishedAt: this.clock.now(),
        reason: `The process that made it has ended in the step ${run.step ?? 'before the first'}`,
      } satisfies Partial<BackupRun>);
    }
    return this.runs.save(dead);
  }

  /** How far a run is. A database that is away is no reason to end it. */
  async note(run: BackupRun): Promise<void> {
    const { id, step, steps, manifest, copies } = run;
    try {
      await this.runs.update({ id }, { step, steps, manifest, copies });
    } catch (err) {
      this.logger.warn({ err, backup: id }, 'How far the backup is could not be written down');
    }
  }

  /** @returns why it could not be written down, or undefined */
  async finish(run: BackupRun): Promise<string | undefined> {
    for (const ms of [0, ...LAST_WORDS_MS]) {
      await pause(ms);
      try {
        await this.runs.save(run);
        return undefined;
      } catch (err) {
        this.logger.warn({ err, backup: run.id }, 'The end of the backup could not be written down');
        if (ms === LAST_WORDS_MS.at(-1)) return (err as Error).message;
      }
    }
    return undefined;
  }

  /** The newest run that ended with a backup. */
  async lastGood(): Promise<BackupRun | null> {
    return this.runs.findOne({
      where: { environment: this.environment, status: In(['succeeded', 'degraded']) },
      order: { startedAt: 'DESC' },
    });
  }

  /** Asked once more by whoever holds the lease: the last try may have failed since the slot was looked at. */
  private async isGivenUp(slot: Date | undefined): Promise<boolean> {
    if (!slot) return false;
    return (await this.runs.countBy({ environment: this.environment, slot, status: 'failed' })) >= MOST_TRIES;
  }

  private async takeUp(id: string, owner: string): Promise<BackupRun | undefined> {
    const changes = { status: 'running', owner, startedAt: this.clock.now() } as const;
    const { affected } = await this.runs.update({ id, environment: this.environment, status: 'requested' }, changes);
    return affected === 1 ? this.runs.findOneByOrFail({ id }) : undefined;
  }

  private async insert({ kind, trigger, slot, by }: RunRequest, owner: string): Promise<BackupRun | undefined> {
    for (let at = this.wholeSecond(); ; at = new Date(at.getTime() + SECOND_MS)) {
      const run = this.runs.create({
        id: formatBackupId({ kind, at }),
        environment: this.environment,
        kind,
        trigger,
        slot: slot ?? null,
        status: 'running',
        owner,
        startedAt: at,
        finishedAt: null,
        step: null,
        steps: [],
        manifest: null,
        copies: [],
        report: null,
        reason: null,
      });
      try {
        await this.runs.manager.transaction(async (manager) => {
          await manager.insert(BackupRun, run);
          if (by) {
            const subject = { type: 'backup', id: run.id } as const;
            await this.audit.record(manager, { action: 'backup-started', actor: by, subject, details: { kind } });
          }
        });
        return run;
      } catch (error) {
        if (isUniqueViolation(error, 'backup_runs_slot_key')) return undefined;
        // Another one was begun in this very second: the next one is free.
        if (!isUniqueViolation(error, 'backup_runs_pkey')) throw error;
      }
    }
  }

  private wholeSecond(): Date {
    return new Date(Math.floor(this.clock.now().getTime() / SECOND_MS) * SECOND_MS);
  }
}
