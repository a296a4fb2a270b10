import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppConfig, createLogger, MovableClock, type OpsConfig } from '@tiptop/platform';
import { Pool } from 'pg';
import type { Alert } from '../../../libs/ops/src/alerts/alerts';
import { Ages } from '../../../libs/ops/src/archive/ages';
import { ArchiveReader } from '../../../libs/ops/src/archive/archive-reader';
import { Archiver } from '../../../libs/ops/src/archive/archiver';
import { archiveName, formatBackupId, manifestName } from '../../../libs/ops/src/backups/backup-id';
import type { RunObserver } from '../../../libs/ops/src/backups/backup-runs';
import type { SourceProduct } from '../../../libs/ops/src/backups/backup-source';
import type { DatabaseFacts, InnerManifest, Manifest, StepReport } from '../../../libs/ops/src/backups/manifest';
import { manifestText } from '../../../libs/ops/src/backups/manifest-text';
import { KeyPairs } from '../../../libs/ops/src/keys/key-pairs';
import { Recipients } from '../../../libs/ops/src/keys/recipients';
import { LocalBackups } from '../../../libs/ops/src/local/local-backups';
import { Processes } from '../../../libs/ops/src/processes/processes';
import { BackupPlaces } from '../../../libs/ops/src/verification/backup-places';
import { Drill } from '../../../libs/ops/src/verification/drill';
import { VerificationLog } from '../../../libs/ops/src/verification/verification-log';
import { MemoryStore } from '../../support/memory-store';
import { backupContext, databaseParts, type DatabaseParts, DatabaseStage } from './database-stage';

export const TICKETS = 5000;
const SIGNAL = new AbortController().signal;

/** `daily-202611DDT020000Z` */
export const daily = (day: number): string =>
  formatBackupId({ kind: 'daily', at: new Date(Date.UTC(2026, 10, day, 2)) });

/** A row of backup_verifications. */
export interface TrialRow {
  backup_id: string;
  level: string;
  source: string;
  passed: boolean;
  detail: string;
}

interface Key {
  file: string;
  recipient: string;
}
type Keys = Record<'drill' | 'old' | 'new' | 'strange', Key>;

/** Real archives of a real database, and all that tries them out; the store alone is one in memory. */
export class TrialStage {
  readonly clock = new MovableClock();
  config: AppConfig;
  store = new MemoryStore('s3');
  stores: MemoryStore[] = [];
  alerts: Alert[] = [];
  told: string[] = [];
  finished: StepReport[] = [];
  readonly observer: RunObserver = {
    progress: (step, text) => this.told.push(`${step}: ${text}`),
    finished: (step) => this.finished.push(step),
  };
  private readonly keyPairs = new KeyPairs(this.clock);

  private constructor(
    private readonly database: DatabaseStage,
    /** To be replaced by a test, and put back. */
    public parts: DatabaseParts,
    readonly pool: Pool,
    readonly folder: string,
    private readonly product: SourceProduct,
    readonly keys: Keys,
  ) {
    this.config = parts.config;
  }

  static async start(): Promise<TrialStage> {
    const database = await DatabaseStage.start();
    await database.fill(TICKETS);
    const parts = databaseParts(database.url);
    const pool = new Pool({ connectionString: database.url });
    // The server may end a connection that the pool has let go already.
    pool.on('error', () => undefined);
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-rig-drill-'));
    await mkdir(join(folder, 'produced'));
    const product = await parts.source.produce(backupContext(join(folder, 'produced')));
    const keyPairs = new KeyPairs(new MovableClock());
    const key = async (name: string): Promise<Key> => {
      const pair = await keyPairs.generate();
      const file = join(folder, `${name}.key`);
      await keyPairs.write(file, pair);
      return { file, recipient: pair.recipient };
    };
    const keys = {
      drill: await key('drill'),
      old: await key('old'),
      new: await key('new'),
      strange: await key('strange'),
    };
    return new TrialStage(database, parts, pool, folder, product, keys);
  }

  async stop(): Promise<void> {
    await this.pool.end();
    await this.database.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** As if nothing had happened yet. */
  async reset(): Promise<void> {
    await this.pool.query('TRUNCATE backup_verifications');
    await rm(join(this.folder, 'backups'), { recursive: true, force: true });
    this.settings();
    this.store = new MemoryStore('s3');
    this.stores = [this.store];
    [this.alerts, this.told, this.finished] = [[], [], []];
  }

  settings(ops: Partial<OpsConfig> = {}): void {
    const { config } = this.parts;
    this.config = config.with({
      ops: {
        ...config.ops,
        backupDir: join(this.folder, 'backups'),
        drillKeyFile: this.keys.drill.file,
        reserveBytes: 0,
        attempts: 2,
        retrySeconds: 0.01,
        ...ops,
      },
    });
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  get local(): LocalBackups {
    return new LocalBackups(this.config, this.clock);
  }

  get reader(): ArchiveReader {
    return new ArchiveReader(new Ages(new Processes(), this.config), this.keyPairs);
  }

  get places(): BackupPlaces {
    return new BackupPlaces(this.config, this.local, this.stores);
  }

  get log(): VerificationLog {
    return new VerificationLog(this.pool, this.clock, createLogger('silent'));
  }

  /** One whose database is gone. */
  get blindLog(): VerificationLog {
    const pool = new Pool({ connectionString: 'postgres://x@127.0.0.1:1/x' });
    return new VerificationLog(pool, this.clock, createLogger('silent'));
  }

  drill(log = this.log): Drill {
    const send = (alert: Alert): Promise<string[]> => {
      this.alerts.push(alert);
      return Promise.resolve([]);
    };
    return new Drill(this.config, this.places, this.reader, this.parts.scratch, log, { send }, this.clock);
  }

  get facts(): DatabaseFacts {
    return this.product.database!;
  }

  /** A row of which is not in the dump. */
  get oneMore(): DatabaseFacts {
    return { ...this.facts, rows: { ...this.facts.rows, 'public.tickets': TICKETS + 1 } };
  }

  /** Of the dump, unencrypted. */
  get dump(): string {
    return join(this.folder, 'produced', this.facts.dump);
  }

  /** A real archive of the dump, published locally. */
  async make(
    id: string,
    changes: Partial<InnerManifest> = {},
    recipients = [this.keys.drill.recipient, this.keys.new.recipient],
  ): Promise<Manifest> {
    const partial = await this.local.create(id);
    await mkdir(join(partial, 'db'));
    await copyFile(this.dump, join(partial, this.facts.dump));
    const contents: InnerManifest = {
      version: 1,
      id,
      kind: 'daily',
      environment: 'dev',
      createdAt: '2026-11-22T02:00:00.000Z',
      service: { version: '0.1.0', revision: null },
      tools: {},
      artifacts: this.product.artifacts,
      database: this.facts,
      images: [],
      recipients,
      disabled: [],
      warnings: [],
      quarantined: null,
      ...changes,
    };
    const ages = new Ages(new Processes(), this.config);
    const archiver = new Archiver(this.config, new Recipients(this.config, this.keyPairs), ages);
    const manifest = await archiver.write(contents, backupContext(partial, { id }));
    await this.local.publish(manifest);
    return manifest;
  }

  /** Puts a local backup into stores, as a run does, and takes the local one away. */
  async upload(manifest: Manifest, to = [this.store]): Promise<void> {
    const { id } = manifest;
    const { archivePath, manifestPath } = await this.local.get(id);
    const text = manifestText(manifest);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const file = { kind: 'daily', name: manifestName(id), path: manifestPath, bytes: Buffer.byteLength(text), sha256 };
    for (const store of to) {
      await store.put({ kind: 'daily', name: archiveName(id), path: archivePath, ...manifest.archive }, SIGNAL);
      await store.put(file, SIGNAL);
    }
    await this.local.remove(id);
  }

  async rows(): Promise<TrialRow[]> {
    const { rows } = await this.pool.query<TrialRow>(
      'SELECT backup_id, level, source, passed, detail FROM backup_verifications ORDER BY source, backup_id DESC',
    );
    return rows;
  }

  /** Of files and of databases. */
  async leftovers(): Promise<string[]> {
    const names = await readdir(this.config.ops.backupDir).catch(() => []);
    const { rows } = await this.pool.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database WHERE datname LIKE 'tiptop_scratch%'`,
    );
    return [...names.filter((name) => name !== 'daily'), ...rows.map(({ name }) => name)];
  }
}
