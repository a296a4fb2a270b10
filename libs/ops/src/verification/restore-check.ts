import { Injectable } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { bytesInWords } from '../artifacts/bytes-in-words';
import type { DatabaseFacts } from '../backups/manifest';
import { DatabaseSession } from '../database/database-session';
import { ScratchRestore } from '../database/scratch-restore';
import { VerificationLog } from './verification-log';

export interface RestoreRequest {
  /** The backup that the dump is of. */
  id: string;
  /** Path of the `.dump.gz`, while it is in the run's partial folder: of the archive production can't open a byte. */
  dump: string;
  facts: DatabaseFacts;
  signal: AbortSignal;
  progress: (text: string) => void;
}

export interface RestoreOutcome {
  passed: boolean;
  /** One line for the report: what was compared, or each difference. */
  detail: string;
  warnings: readonly string[];
}

/** Level 2: the run's own dump is restored into a scratch database and counted, each night. */
@Injectable()
export class RestoreCheck {
  constructor(
    private readonly config: AppConfig,
    private readonly scratch: ScratchRestore,
    private readonly log: VerificationLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Tries a dump out, and writes down how it did. Not passed is what restores to something else than was dumped.
   * @throws StepFailure where it can't be restored, or not be tried: once that is written down as not passed. Where the run
   * stops, nothing is.
   */
  async verify({ id, dump, facts, signal, progress }: RestoreRequest): Promise<RestoreOutcome> {
    const startedAt = this.clock.now();
    const room = await this.room(signal);
    progress(`restoring into a scratch database${room}`);
    const record = async (passed: boolean, detail: string): Promise<string | undefined> =>
      this.log.record({ backupId: id, level: 'restore', source: 'local', passed, detail, startedAt });
    try {
      const { passed, detail: found, warnings } = await this.scratch.restore(dump, facts, signal, progress);
      // What differs is the reason of a quarantine, and is told alone.
      const detail = passed ? found + room : found;
      const unrecorded = await record(passed, detail);
      return { passed, detail, warnings: unrecorded === undefined ? warnings : [...warnings, unrecorded] };
    } catch (error) {
      if (!signal.aborted) await record(false, (error as Error).message + room);
      throw error;
    }
  }

  /** How much the scratch server has to have free, in words; nothing where the live database does not tell. */
  private async room(signal: AbortSignal): Promise<string> {
    const { ops, databaseUrl } = this.config;
    const url = ops.backupDatabaseUrl ?? databaseUrl;
    if (url === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
    try {
      const options = { url, doing: 'measuring', signal, answerMs: ops.stallSeconds * 1000 };
      const session = await DatabaseSession.open(options);
      try {
        const [size] = await session.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
        return `; the scratch server needs ${bytesInWords(Number(size?.bytes))} for it, as the live database has`;
      } finally {
        await session.close();
      }
    } catch {
      // The restore tells what is the matter with the server, where it matters.
      return '';
    }
  }
}
