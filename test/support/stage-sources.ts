import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupContext, BackupSource, SourceProduct } from '../../libs/ops/src/backups/backup-source';
import type { Artifact, DatabaseFacts } from '../../libs/ops/src/backups/manifest';

/** A source that writes a small file, unless it is told to do something else. */
export class StageSource implements BackupSource {
  disabled: string | undefined;
  calls = 0;
  /** Takes the place of the next call. */
  readonly next: ((context: BackupContext) => Promise<SourceProduct>)[] = [];
  /** What every call adds to its product. */
  extra: Partial<SourceProduct> = {};
  bytes = 2000;

  constructor(readonly name: string) {}

  estimate(): Promise<number | undefined> {
    return Promise.resolve(this.bytes);
  }

  async produce(context: BackupContext): Promise<SourceProduct> {
    this.calls++;
    const instead = this.next.shift();
    return instead ? instead(context) : this.usual(context);
  }

  /** What it does when nothing is the matter. */
  async usual({ folder }: BackupContext): Promise<SourceProduct> {
    const artifact = await this.file(folder, `${this.folder}/${this.name}.bin`);
    return { artifacts: [artifact], warnings: [], detail: `${artifact.bytes} bytes`, ...this.extra };
  }

  protected get folder(): string {
    return { database: 'db', configuration: 'config' }[this.name] ?? this.name;
  }

  protected async file(folder: string, path: string): Promise<Artifact> {
    const content = Buffer.alloc(this.bytes, `${this.name} `);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
    return { path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
  }
}

/** A database as its source tells of it. */
export class StageDatabase extends StageSource {
  constructor() {
    super('database');
  }

  override async usual({ folder }: BackupContext): Promise<SourceProduct> {
    const dump = await this.file(folder, 'db/tiptop.dump.gz');
    const database: DatabaseFacts = {
      name: 'tiptop',
      serverVersion: '15.18',
      pgDumpVersion: '15.18',
      migration: 'Backups1795600000000',
      rows: { 'public.tickets': 10 },
      dump: dump.path,
      dumpSha256: dump.sha256,
      dumpBytes: dump.bytes,
    };
    return { artifacts: [dump], warnings: [], detail: '1 table', tools: { pg_dump: '15.18' }, database, ...this.extra };
  }
}

/** All four sources, each of which can be told what to do. */
export function stageSources(): {
  database: StageDatabase;
  images: StageSource;
  configuration: StageSource;
  jenkins: StageSource;
} {
  return {
    database: new StageDatabase(),
    images: new StageSource('images'),
    configuration: new StageSource('configuration'),
    jenkins: new StageSource('jenkins'),
  };
}
