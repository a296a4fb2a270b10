import { Injectable } from '@nestjs/common';
import { AppConfig, decodeCursor, type KeysetPosition, toPage, ValidationFailed } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { type BackupKind, parseBackupId } from '../backups/backup-id';
import { type BackupCopy, BackupRun, type RunStatus, type RunTrigger } from '../backups/backup-run.entity';
import { BackupVerification } from '../backups/backup-verification.entity';
import type { BackupDetailResponse, BackupVerdictResponse } from './dto/backup-detail.response';
import type { BackupItemResponse, BackupListResponse } from './dto/backup-list.response';
import type { BackupsQuery } from './dto/backups.query';
import { BackupNotFound } from './ops.errors';

/** A run as a list shows it. Its manifest, which may name thousands of files, stays in the database. */
interface RunRow {
  id: string;
  kind: BackupKind;
  trigger: RunTrigger;
  status: RunStatus;
  startedAt: Date;
  finishedAt: Date | null;
  /** PostgreSQL's bigint, as a text. */
  bytes: string | null;
  sha256: string | null;
  copies: BackupCopy[];
  quarantined: string | null;
}

const COLUMNS = `
  id, kind, trigger, status, started_at AS "startedAt", finished_at AS "finishedAt",
  (manifest -> 'archive' ->> 'bytes')::bigint AS bytes, manifest -> 'archive' ->> 'sha256' AS sha256,
  copies, manifest ->> 'quarantined' AS quarantined`;

/** What administrators see of backups: of this installation, as this database knows them. */
@Injectable()
export class BackupBrowsingService {
  private readonly environment: string;

  constructor(
    private readonly dataSource: DataSource,
    { ops }: AppConfig,
  ) {
    this.environment = ops.environment;
  }

  /** The newest first. */
  async list({ kind, status, limit, cursor }: BackupsQuery): Promise<BackupListResponse> {
    const before = cursor === undefined ? undefined : positionOf(cursor);
    const rows = await this.dataSource.query<RunRow[]>(
      `SELECT ${COLUMNS} FROM backup_runs
       WHERE environment = $1 AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR status = $3)
         AND ($4::timestamptz IS NULL OR (started_at, id) < ($4, $5))
       ORDER BY started_at DESC, id DESC LIMIT $6`,
      [this.environment, kind ?? null, status ?? null, before?.at ?? null, before?.id ?? null, limit + 1],
    );
    return toPage(rows, limit, ({ startedAt, id }) => ({ at: startedAt, id }), toItem);
  }

  /** @throws BackupNotFound */
  async get(id: string): Promise<BackupDetailResponse> {
    // Both of one moment: what a verdict is about is not older than the verdict.
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const [row] = await manager.query<RunRow[]>(
        `SELECT ${COLUMNS} FROM backup_runs WHERE environment = $1 AND id = $2`,
        [this.environment, id],
      );
      if (!row) throw new BackupNotFound();
      const { steps, manifest, report, reason } = await manager.findOneByOrFail(BackupRun, { id });
      const verdicts = await this.verdicts(manager, id);
      const item: Pick<BackupItemResponse, keyof BackupItemResponse> = toItem(row);
      return { ...item, steps, artifacts: [...(manifest?.artifacts ?? [])], verdicts, report, reason };
    });
  }

  private async verdicts(manager: EntityManager, backupId: string): Promise<BackupVerdictResponse[]> {
    const rows = await manager.find(BackupVerification, {
      where: { backupId },
      order: { startedAt: 'DESC', id: 'ASC' },
    });
    return rows.map(({ level, source, passed, detail, startedAt, finishedAt }) => ({
      level,
      source,
      passed,
      detail,
      startedAt: startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
    }));
  }
}

function positionOf(cursor: string): KeysetPosition {
  const position = decodeCursor(cursor);
  // One that another list gave out.
  if (!parseBackupId(position.id)) throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
  return position;
}

function toItem({ startedAt, finishedAt, bytes, ...row }: RunRow): BackupItemResponse {
  return {
    ...row,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    bytes: bytes === null ? null : Number(bytes),
  };
}
