import { Injectable } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import { advisoryKey, AppConfig, AuditLog, Clock } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { formatBackupId } from '../backups/backup-id';
import type { BackupItemResponse } from './dto/backup-list.response';
import type { RequestedKind } from './dto/start-backup.request';
import { LEASE_TIMES } from '../schedule/lease-times';
import { OperationUnderWay, SOMEBODY } from '../schedule/operation.errors';

const SECOND_MS = 1000;

/**
 * Takes down that a backup is wanted. The instance that is asked may have neither the volume nor the container engine:
 * the one that has them (OPS_SCHEDULER=on) looks for such rows every minute and makes the backup.
 */
@Injectable()
export class BackupRequestsService {
  private readonly environment: string;

  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    { ops }: AppConfig,
  ) {
    this.environment = ops.environment;
  }

  /** @throws OperationUnderWay where one is asked for or being made already */
  async request(actor: Account, kind: RequestedKind): Promise<BackupItemResponse> {
    return this.dataSource.transaction(async (manager) => {
      // One request after the other, whichever replica they came to: what is looked for below stays true until the end.
      await manager.query('SELECT pg_advisory_xact_lock($1::bigint)', [
        advisoryKey(`backup request ${this.environment}`),
      ]);
      const other = await this.underWay(manager);
      if (other) throw new OperationUnderWay({ ...SOMEBODY, operation: 'backup', since: other.startedAt });
      const at = this.clock.now();
      const id = await this.add(manager, kind, at);
      const subject = { type: 'backup', id };
      await this.audit.record(manager, { action: 'backup-started', actor, subject, details: { kind } });
      return {
        id,
        kind,
        trigger: 'manual',
        status: 'requested',
        startedAt: at.toISOString(),
        finishedAt: null,
        bytes: null,
        sha256: null,
        copies: [],
        quarantined: null,
      };
    });
  }

  /** A run whose process died is none: its lease has no heartbeat, and whoever makes the next one buries it. */
  private async underWay(manager: EntityManager): Promise<{ startedAt: Date } | undefined> {
    const [found] = await manager.query<{ startedAt: Date }[]>(
      `SELECT started_at AS "startedAt" FROM backup_runs WHERE environment = $1 AND (status = 'requested' OR (status = 'running' AND EXISTS (
         SELECT FROM operation_leases WHERE environment = $1
           AND heartbeat_at > clock_timestamp() - make_interval(secs => $2::float / 1000)))) LIMIT 1`,
      [this.environment, LEASE_TIMES.staleMs],
    );
    return found;
  }

  /**
   * A name is of a second: where there is one of this second already, the new one gets that of the next.
   * @returns the name
   */
  private async add(manager: EntityManager, kind: RequestedKind, at: Date): Promise<string> {
    for (let named = at; ; named = new Date(named.getTime() + SECOND_MS)) {
      const id = formatBackupId({ kind, at: named });
      const added = await manager.query<object[]>(
        `INSERT INTO backup_runs (id, environment, kind, trigger, status, started_at)
         VALUES ($1, $2, $3, 'manual', 'requested', $4) ON CONFLICT (id) DO NOTHING RETURNING id`,
        [id, this.environment, kind, at],
      );
      if (added.length > 0) return id;
    }
  }
}
