import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { HashingStream, type HashedBytes } from '../artifacts/hashed-file';
import { StepFailure } from '../backups/backup-source';
import type { Artifact, DatabaseFacts } from '../backups/manifest';
import { ProcessFailure, Processes } from '../processes/processes';
import { unpacking } from './dump-file';
import { majorOf, PostgresTools } from './postgres-tools';
import { stopped, within } from './stopped';
import { toolFault, warningOf } from './tool-fault';

const DOING = 'verifying the dump';

/** What a dump has to be. */
export interface ExpectedDump {
  file: Pick<Artifact, 'bytes' | 'sha256'>;
  facts: Pick<DatabaseFacts, 'dumpBytes' | 'dumpSha256' | 'pgDumpVersion'>;
}

export interface VerifiedDump {
  warnings: readonly string[];
  /** As it tells it. */
  pgRestoreVersion: string;
  seconds: number;
}

/**
 * Reads a dump's file from the disk in full, once: its hash, the hash of what it unpacks to, and all of that through
 * pg_restore, since `pg_restore -l` reads no more than the beginning.
 */
@Injectable()
export class DumpVerifier {
  constructor(
    private readonly config: AppConfig,
    private readonly processes: Processes,
    private readonly tools: PostgresTools,
  ) {}

  /**
   * @param path of the `.dump.gz`
   * @throws StepFailure that says in what it differs
   */
  async verify(path: string, expected: ExpectedDump, signal: AbortSignal): Promise<VerifiedDump> {
    const { stepSeconds, stallSeconds } = this.config.ops;
    const limited = within(signal, stepSeconds);
    const atLeast = { major: majorOf(expected.facts.pgDumpVersion), because: 'the pg_dump that made the dump' };
    const tool = await this.tools.find('pg_restore', atLeast, limited);
    const file = new HashingStream();
    const dump = new HashingStream();
    const warnings: string[] = [];
    try {
      const { seconds } = await this.processes.run({
        program: tool.path,
        args: ['--file=/dev/null'],
        input: [...unpacking(path, file), dump],
        onErrorLine: (line) => {
          const warning = warningOf(tool.path, line);
          if (warning !== undefined) warnings.push(`pg_restore: ${warning}`);
        },
        yielding: true,
        signal: limited,
        limits: { totalMs: stepSeconds * 1000, stallMs: stallSeconds * 1000 },
      });
      compare('the file', file.result(), expected.file);
      const { dumpBytes: bytes, dumpSha256: sha256 } = expected.facts;
      compare('the dump in it', dump.result(), { bytes, sha256 });
      return { warnings, pgRestoreVersion: tool.version, seconds };
    } catch (error) {
      if (!(error instanceof ProcessFailure)) throw error;
      if (limited.aborted) throw stopped(limited, DOING);
      if (error.reason !== 'stream') throw toolFault(error, DOING);
      const { cause } = error;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StepFailure(`${DOING}: the file can't be read as it was written (${why})`, true, { cause: error });
    }
  }
}

function compare(what: string, found: HashedBytes, expected: HashedBytes): void {
  if (found.bytes !== expected.bytes) {
    throw new StepFailure(`${DOING}: ${what} has ${found.bytes} bytes, where ${expected.bytes} were written`);
  }
  if (found.sha256 !== expected.sha256) {
    throw new StepFailure(`${DOING}: ${what} is not what was written: its SHA-256 is another`);
  }
}
