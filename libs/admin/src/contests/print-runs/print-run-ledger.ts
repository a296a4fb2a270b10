import { Inject, Injectable } from '@nestjs/common';
import { AuditLog, Clock, LOGGER, SERVICE } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';
import type { PrintRunFailure } from './print-run.entity';

/** Without a sign of life for so long, the process that was at a print run is taken for dead. */
export const LEASE_SECONDS = 30;

const UNDER_WAY = `status = ANY (ARRAY['queued', 'running'])`;

/** A print run that this process is at. */
export interface TakenRun {
  id: string;
  contestId: string;
  count: number;
}

/** The run was given up in this process' place: its lease had run out. */
export class LeaseLost extends Error {}

/**
 * What is written of print runs while they are under way. Life and death go by the database's clock, the same for all
 * replicas; each change asks whether the run still is what the writer takes it for.
 */
@Injectable()
export class PrintRunLedger {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws LeaseLost */
  async begin(id: string): Promise<void> {
    const [, begun] = await this.dataSource.query<[unknown, number]>(
      `UPDATE print_runs SET status = 'running', started_at = $2, heartbeat_at = clock_timestamp()
       WHERE id = $1 AND status = 'queued'`,
      [id, this.clock.now()],
    );
    if (begun === 0) throw new LeaseLost();
  }

  /**
   * Says that this process is alive and how far the runs are.
   * @param progress tickets made, by the run's id
   * @returns the ids of those that still are this process'
   */
  async beat(progress: ReadonlyMap<string, number>): Promise<Set<string>> {
    const [rows] = await this.dataSource.query<[{ id: string }[], number]>(
      `UPDATE print_runs r SET heartbeat_at = clock_timestamp(), progress = least(mine.progress, r.count)
       FROM unnest($1::uuid[], $2::int[]) AS mine (id, progress)
       WHERE r.id = mine.id AND ${UNDER_WAY} RETURNING r.id`,
      [[...progress.keys()], [...progress.values()]],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * In the transaction that adds the tickets: where it commits, they are there and the run is done.
   * @throws LeaseLost
   */
  async finish(manager: EntityManager, { id, contestId, count }: TakenRun): Promise<void> {
    const [, finished] = await manager.query<[unknown, number]>(
      `UPDATE print_runs SET status = 'done', progress = count, finished_at = $2 WHERE id = $1 AND status = 'running'`,
      [id, this.clock.now()],
    );
    if (finished === 0) throw new LeaseLost();
    const details = { contestId, count };
    await this.audit.record(manager, { action: 'print-run-done', actor: SERVICE, subject: subjectOf(id), details });
  }

  async fail(id: string, reason: PrintRunFailure): Promise<void> {
    await this.end(`id = $3`, reason, id);
  }

  /** Ends the runs whose processes died; what they had made went with their transactions. */
  async giveUpDead(): Promise<void> {
    const dead = await this.end(
      `heartbeat_at < clock_timestamp() - make_interval(secs => $3)`,
      'INTERRUPTED',
      LEASE_SECONDS,
    );
    for (const id of dead) this.logger.warn({ printRunId: id }, 'A print run was given up: its process died');
  }

  private async end(condition: string, reason: PrintRunFailure, value: string | number): Promise<string[]> {
    return this.dataSource.transaction(async (manager) => {
      const [rows] = await manager.query<[{ id: string; contestId: string }[], number]>(
        `UPDATE print_runs SET status = 'failed', reason = $1, finished_at = $2 WHERE ${UNDER_WAY} AND ${condition}
         RETURNING id, contest_id AS "contestId"`,
        [reason, this.clock.now(), value],
      );
      for (const { id, contestId } of rows) {
        const details = { contestId, reason };
        await this.audit.record(manager, {
          action: 'print-run-failed',
          actor: SERVICE,
          subject: subjectOf(id),
          details,
        });
      }
      return rows.map(({ id }) => id);
    });
  }
}

export function subjectOf(id: string): { type: string; id: string } {
  return { type: 'print-run', id };
}
