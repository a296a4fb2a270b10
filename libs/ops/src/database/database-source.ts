import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { bytesInWords } from '../artifacts/bytes-in-words';
import type { BackupContext, BackupSource, SourceProduct } from '../backups/backup-source';
import type { DatabaseFacts } from '../backups/manifest';
import { placeOf } from './connection-settings';
import { sizeOf } from './database-contents';
import { DatabaseSession, type SessionOptions } from './database-session';
import { dumpPath } from './dump-file';
import { DumpHistory, JUDGED_BY, suspicionOf } from './dump-history';
import { DumpSnapshot } from './dump-snapshot';
import { DumpVerifier } from './dump-verifier';
import { PgDump, type WrittenDump } from './pg-dump';
import { type PostgresTool, PostgresTools } from './postgres-tools';
import { ServerLoad } from './server-load';
import { together, within } from './stopped';

/** The database: dumped and counted in one snapshot, and read back in full. */
@Injectable()
export class DatabaseSource implements BackupSource {
  readonly name = 'database';
  readonly disabled = undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly tools: PostgresTools,
    private readonly pgDump: PgDump,
    private readonly verifier: DumpVerifier,
    private readonly history: DumpHistory,
  ) {}

  async estimate(signal: AbortSignal): Promise<number | undefined> {
    const session = await DatabaseSession.open(this.session('measuring', signal));
    try {
      return await sizeOf(session);
    } finally {
      await session.close();
    }
  }

  async produce(context: BackupContext): Promise<SourceProduct> {
    const signal = within(context.signal, this.config.ops.stepSeconds);
    const taken = await this.dump(context, signal);
    const { facts, written } = taken;
    const artifact = { path: facts.dump, ...written.file };
    context.progress('verifying the dump');
    const verified = await this.verifier.verify(join(context.folder, facts.dump), { file: artifact, facts }, signal);
    const judged = await this.judge(facts.dumpBytes);
    const counts = Object.values(facts.rows);
    return {
      ...judged,
      artifacts: [artifact],
      warnings: [...written.warnings, ...verified.warnings, ...judged.warnings],
      detail:
        `${counts.length} tables, ${counts.reduce((sum, n) => sum + n, 0)} rows, ${bytesInWords(written.file.bytes)}; ` +
        `dumped in ${written.seconds.toFixed(1)} s, verified in ${verified.seconds.toFixed(1)} s`,
      tools: { pg_dump: taken.tool.version, pg_restore: verified.pgRestoreVersion },
      database: facts,
    };
  }

  /** A dump that can't be judged is kept all the same: somebody has to look at why. */
  private async judge(bytes: number): Promise<{ warnings: string[]; quarantine?: string }> {
    try {
      const quarantine = suspicionOf(bytes, await this.history.sizes(JUDGED_BY));
      return quarantine === undefined ? { warnings: [] } : { warnings: [quarantine], quarantine };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { warnings: [`whether the dump is suspiciously small can't be told (${why})`] };
    }
  }

  private async dump(
    { folder, progress }: BackupContext,
    signal: AbortSignal,
  ): Promise<{ facts: DatabaseFacts; written: WrittenDump; tool: PostgresTool }> {
    const url = this.url();
    const { database } = placeOf(url);
    const snapshot = await DumpSnapshot.take(this.session('dumping', signal));
    try {
      const { serverMajor, serverVersion, contents } = snapshot;
      const tool = await this.tools.find('pg_dump', { major: serverMajor, because: 'the server' }, signal);
      const path = dumpPath(database);
      const load = await ServerLoad.watch(this.session('dumping', signal));
      const isWanted = (): boolean => load.isBusy;
      const [written, rows] = await together(
        signal,
        async (shared) => this.pgDump.write({ url, tool, snapshot, path, isWanted }, { folder, progress }, shared),
        async (shared) => snapshot.rows(shared),
      ).finally(async () => load.stop());
      await snapshot.release();
      const facts: DatabaseFacts = {
        name: database,
        serverVersion,
        pgDumpVersion: tool.version,
        migration: contents.migration,
        rows,
        dump: path,
        dumpSha256: written.dump.sha256,
        dumpBytes: written.dump.bytes,
      };
      return { facts, written, tool };
    } finally {
      await snapshot.close();
    }
  }

  private session(doing: string, signal: AbortSignal): SessionOptions {
    return { url: this.url(), doing, signal, answerMs: this.config.ops.stallSeconds * 1000 };
  }

  private url(): string {
    const { ops, databaseUrl } = this.config;
    const url = ops.backupDatabaseUrl ?? databaseUrl;
    if (url === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
    return url;
  }
}
