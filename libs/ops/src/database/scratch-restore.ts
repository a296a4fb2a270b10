import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { HashingStream } from '../artifacts/hashed-file';
import { StepFailure } from '../backups/backup-source';
import type { DatabaseFacts } from '../backups/manifest';
import { ProcessFailure, Processes } from '../processes/processes';
import { connectionEnvironment } from './connection-settings';
import { type Contents, contentsOf, countRows } from './database-contents';
import { DatabaseSession, type SessionOptions } from './database-session';
import { unpacking } from './dump-file';
import { majorOf, PostgresTools } from './postgres-tools';
import { ScratchDatabase } from './scratch-database';
import { stopped, within } from './stopped';
import { toolFault, warningOf } from './tool-fault';

const DOING = 'restoring';

/** What a dump restored to, against what was dumped. */
export interface RestoreVerdict {
  passed: boolean;
  /** Each table that differs, in words. */
  differences: readonly string[];
  warnings: readonly string[];
  /** One line for the report. */
  detail: string;
  seconds: number;
}

/** Restores dumps for a look, and removes what came of it. */
@Injectable()
export class ScratchRestore {
  constructor(
    private readonly config: AppConfig,
    private readonly processes: Processes,
    private readonly tools: PostgresTools,
  ) {}

  /**
   * Restores a dump into a new database and compares what is in it with what was in the dumped one.
   * @param dump the `.dump.gz`: its path, or its bytes
   * @throws StepFailure where it can't be restored, or not be tried
   */
  async restore(
    dump: string | Readable,
    facts: DatabaseFacts,
    signal: AbortSignal,
    progress: (text: string) => void = () => undefined,
  ): Promise<RestoreVerdict> {
    const started = performance.now();
    const limited = within(signal, this.config.ops.stepSeconds);
    await this.sweep(limited);
    const scratch = await ScratchDatabase.create(this.session(limited), facts.name);
    const warnings: string[] = [];
    let restored: { contents: Contents; rows: Record<string, number> };
    try {
      refuseOlderServer(scratch.serverMajor, facts);
      warnings.push(...(await this.load(dump, facts, scratch, limited, progress)));
      progress('counting what was restored');
      restored = await this.count(scratch, limited);
    } catch (error) {
      // What went wrong first is what matters; the next run sweeps what stays.
      await scratch.drop().catch(() => undefined);
      throw error;
    }
    await scratch.drop().catch((error: unknown) => {
      warnings.push(`the scratch database ${scratch.name} could not be removed: ${(error as Error).message}`);
    });
    const differences = differencesOf(facts, restored.contents, restored.rows);
    const seconds = (performance.now() - started) / 1000;
    const { length } = Object.keys(facts.rows);
    const total = Object.values(restored.rows).reduce((sum, n) => sum + n, 0);
    const detail =
      differences.length === 0
        ? `${length} tables with ${total} rows restored in ${seconds.toFixed(1)} s, as they were dumped`
        : `the dump does not restore to what was dumped: ${differences.join('; ')}`;
    return { passed: differences.length === 0, differences, warnings, detail, seconds };
  }

  /**
   * Removes the scratch databases of runs that died.
   * @returns their names
   * @throws StepFailure
   */
  async sweep(signal: AbortSignal): Promise<string[]> {
    return ScratchDatabase.sweep(this.session(signal), this.config.ops.stepSeconds);
  }

  private async load(
    dump: string | Readable,
    facts: DatabaseFacts,
    scratch: ScratchDatabase,
    signal: AbortSignal,
    progress: (text: string) => void,
  ): Promise<string[]> {
    const { stepSeconds, stallSeconds } = this.config.ops;
    const atLeast = { major: majorOf(facts.pgDumpVersion), because: 'the pg_dump that made the dump' };
    const tool = await this.tools.find('pg_restore', atLeast, signal);
    const unpacked = new HashingStream();
    const warnings: string[] = [];
    try {
      await this.processes.run({
        program: tool.path,
        args: [
          `--dbname=${scratch.name}`,
          '--exit-on-error',
          '--no-owner',
          '--no-privileges',
          // Neither of which is a matter of what was in the database, and the second would hold on to another server.
          '--no-publications',
          '--no-subscriptions',
          '--no-password',
          // It tells what it is at: while it builds an index nothing else moves.
          '--verbose',
        ],
        env: connectionEnvironment(scratch.url),
        input: [...unpacking(dump), unpacked],
        onErrorLine: (line) => {
          const warning = warningOf(tool.path, line);
          if (warning !== undefined) warnings.push(`pg_restore: ${warning}`);
          const step = /^pg_restore: ((?:processing|creating|executing) .*)$/.exec(line)?.[1];
          if (step !== undefined) progress(step);
        },
        yielding: true,
        signal,
        limits: { totalMs: stepSeconds * 1000, stallMs: stallSeconds * 1000 },
      });
    } catch (error) {
      if (!(error instanceof ProcessFailure)) throw error;
      throw signal.aborted ? stopped(signal, DOING) : toolFault(error, DOING);
    }
    const { sha256 } = unpacked.result();
    if (sha256 !== facts.dumpSha256) throw new StepFailure(`${DOING}: the dump is not the one of the manifest`, false);
    return warnings;
  }

  private async count(
    scratch: ScratchDatabase,
    signal: AbortSignal,
  ): Promise<{ contents: Contents; rows: Record<string, number> }> {
    const session = await DatabaseSession.open({ ...this.session(signal), url: scratch.url });
    try {
      const contents = await contentsOf(session);
      return { contents, rows: await countRows(session, contents.tables) };
    } finally {
      await session.close();
    }
  }

  private session(signal: AbortSignal): SessionOptions {
    const { ops, databaseUrl } = this.config;
    const url = ops.scratchDatabaseUrl ?? ops.backupDatabaseUrl ?? databaseUrl;
    if (url === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
    return { url, doing: DOING, signal, answerMs: ops.stallSeconds * 1000 };
  }
}

function refuseOlderServer(major: number, { serverVersion }: DatabaseFacts): void {
  if (major >= majorOf(serverVersion)) return;
  throw new StepFailure(
    `${DOING}: the scratch server is of release ${major}, older than the dumped one (${serverVersion}): name another in BACKUP_SCRATCH_DATABASE_URL`,
    false,
  );
}

/** In words, one a table. */
function differencesOf(
  facts: DatabaseFacts,
  { migration }: Contents,
  found: Readonly<Record<string, number>>,
): string[] {
  const differences: string[] = [];
  for (const table of [...new Set([...Object.keys(facts.rows), ...Object.keys(found)])].sort()) {
    const [dumped, restored] = [facts.rows[table], found[table]];
    if (dumped === restored) continue;
    if (restored === undefined) differences.push(`${table} is missing`);
    else if (dumped === undefined) differences.push(`${table} was not dumped`);
    else differences.push(`${table} has ${restored} rows, where ${dumped} were dumped`);
  }
  if (migration !== facts.migration) {
    differences.push(`the newest migration is ${migration ?? 'none'}, where ${facts.migration ?? 'none'} was dumped`);
  }
  return differences;
}
