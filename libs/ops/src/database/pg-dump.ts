import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { BatchingStream } from '../artifacts/batching-stream';
import { GivingWay } from '../artifacts/giving-way';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { type HashedBytes, HashingStream, syncToDisk } from '../artifacts/hashed-file';
import { type BackupContext, StepFailure } from '../backups/backup-source';
import { ProcessFailure, Processes } from '../processes/processes';
import { connectionEnvironment } from './connection-settings';
import { dumpCompression } from './dump-file';
import type { DumpSnapshot } from './dump-snapshot';
import type { PostgresTool } from './postgres-tools';
import { stopped } from './stopped';
import { toolFault, warningOf } from './tool-fault';

const DOING = 'dumping';
/** Queued behind a change of a table's form, pg_dump would hold up every player behind that change. */
const LOCK_WAIT_MS = 5000;
/** Between two words on how far it is. */
const PROGRESS_MS = 500;

/** What pg_dump wrote, and the file that it came to. */
export interface WrittenDump {
  dump: HashedBytes;
  file: HashedBytes;
  warnings: readonly string[];
  seconds: number;
}

/** Runs pg_dump on a snapshot, into a file. */
@Injectable()
export class PgDump {
  constructor(
    private readonly config: AppConfig,
    private readonly processes: Processes,
  ) {}

  /**
   * @param path in the context's folder; what is there is replaced, and after a failure nothing is left
   * @param isWanted whether people want the server just now: the dump gives way to them
   * @throws StepFailure
   */
  async write(
    what: { url: string; tool: PostgresTool; snapshot: DumpSnapshot; path: string; isWanted?: () => boolean },
    { folder, progress }: Pick<BackupContext, 'folder' | 'progress'>,
    signal: AbortSignal,
  ): Promise<WrittenDump> {
    const { url, tool, snapshot, isWanted = () => false } = what;
    const { stepSeconds, stallSeconds } = this.config.ops;
    const target = join(folder, what.path);
    const dump = new HashingStream(
      everySoOften((bytes) => {
        progress(`${bytesInWords(bytes)} dumped`);
      }),
    );
    const file = new HashingStream();
    const warnings: string[] = [];
    try {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      const { seconds } = await this.processes.run({
        program: tool.path,
        args: ['--format=custom', `--snapshot=${snapshot.id}`, `--lock-wait-timeout=${LOCK_WAIT_MS}`, '--no-password'],
        env: connectionEnvironment(url),
        // Hashed as it leaves its producer: what is verified later is what pg_dump said.
        output: [
          new BatchingStream(),
          new GivingWay(isWanted),
          dump,
          dumpCompression(),
          file,
          createWriteStream(target, { mode: 0o600 }),
        ],
        onErrorLine: (line) => {
          const warning = warningOf(tool.path, line);
          if (warning !== undefined) warnings.push(`pg_dump: ${warning}`);
        },
        yielding: true,
        signal,
        limits: { totalMs: stepSeconds * 1000, stallMs: stallSeconds * 1000 },
      });
      await syncToDisk(target);
      await syncToDisk(dirname(target));
      return { dump: dump.result(), file: file.result(), warnings, seconds };
    } catch (error) {
      await rm(target, { force: true }).catch(() => undefined);
      if (signal.aborted) throw stopped(signal, DOING);
      if (error instanceof ProcessFailure) throw toolFault(error, DOING);
      throw new StepFailure(`${DOING}: ${error instanceof Error ? error.message : String(error)}`, true, {
        cause: error,
      });
    }
  }
}

function everySoOften(tell: (bytes: number) => void): (bytes: number) => void {
  let last = 0;
  return (bytes) => {
    const now = performance.now();
    if (now - last < PROGRESS_MS) return;
    last = now;
    tell(bytes);
  };
}
