import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppConfig, loadConfig, type OpsConfig } from '@tiptop/platform';
import type { BackupContext } from '../../backups/backup-source';
import type { Artifact, InnerManifest } from '../../backups/manifest';
import { KeyPairs } from '../../keys/key-pairs';
import { Processes } from '../../processes/processes';
import type { Age } from '../age';
import { AgeLibrary } from '../age-library';
import { Ages } from '../ages';

export const SAMPLE_ID = 'daily-20261122T020000Z';
export const SAMPLE_AT = new Date('2026-11-22T02:00:00Z');
const MINUTE_MS = 60_000;

/** Files of every sort that a backup holds, by their paths. */
export const SAMPLE_FILES: Readonly<Record<string, string | Buffer>> = {
  'db/tiptop.dump.gz': Buffer.alloc(300_000, 'a dump, '),
  'images/backend.tar.gz': Buffer.alloc(70_000, 7),
  'config/etc/nginx/nginx.conf': 'server { }\n',
  'config/empty': '',
  'jenkins/jobs/déployer la préprod/config.xml': '<project/>\n',
  [`jenkins/jobs/${'a-folder-of-jobs/'.repeat(12)}${'n'.repeat(120)}/config.xml`]: '<flow-definition/>\n',
  'jenkins/a\\b': 'a name with a backslash\n',
};

/** A config of an installation in a folder of its own. */
export function sampleConfig(folder: string, ops: Partial<OpsConfig> = {}, production = false): AppConfig {
  const config = loadConfig({ NODE_ENV: 'test', DATA_DIR: join(folder, 'data') });
  return config.with({
    environment: production ? 'production' : 'test',
    ops: { ...config.ops, backupDir: join(folder, 'backups'), ...ops },
  });
}

/** The library, or whatever else, in the place of what the machine has. */
export class FixedAges extends Ages {
  constructor(
    config: AppConfig,
    private readonly age: Age = new AgeLibrary(MINUTE_MS),
  ) {
    super(new Processes(), config);
  }

  override choose(): Promise<Age> {
    return Promise.resolve(this.age);
  }
}

/** What a run has gathered in a folder. */
export class SampleBackup {
  private constructor(readonly folder: string) {}

  static async create(): Promise<SampleBackup> {
    return new SampleBackup(await realpath(await mkdtemp(join(tmpdir(), 'tiptop-archive-'))));
  }

  /** Below the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes files into a partial folder, as sources do. */
  async write(partial: string, files: Readonly<Record<string, string | Buffer>> = SAMPLE_FILES): Promise<Artifact[]> {
    const artifacts: Artifact[] = [];
    for (const [path, content] of Object.entries(files)) {
      const file = join(partial, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { mode: 0o640 });
      artifacts.push({ path, bytes: Buffer.byteLength(content), sha256: hashOf(content) });
    }
    return artifacts;
  }

  /** An identity file. @returns its recipient */
  async keyFile(path: string): Promise<string> {
    const keyPairs = new KeyPairs({ now: () => SAMPLE_AT });
    const pair = await keyPairs.generate();
    await keyPairs.write(path, pair);
    return pair.recipient;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function sampleContents(
  artifacts: readonly Artifact[],
  recipients: readonly string[],
  changes: Partial<InnerManifest> = {},
): InnerManifest {
  return {
    version: 1,
    id: SAMPLE_ID,
    kind: 'daily',
    environment: 'dev',
    createdAt: SAMPLE_AT.toISOString(),
    service: { version: '0.1.0', revision: null },
    tools: { pg_dump: '15.10' },
    artifacts,
    database: {
      name: 'tiptop',
      serverVersion: '15.10',
      pgDumpVersion: '15.10',
      migration: 'CreateTickets1700000000000',
      rows: { 'public.tickets': 500_000, 'public.users': 0 },
      dump: 'db/tiptop.dump.gz',
      dumpSha256: 'b'.repeat(64),
      dumpBytes: 12,
    },
    images: [],
    recipients,
    disabled: ['jenkins'],
    warnings: [],
    quarantined: null,
    ...changes,
  };
}

export function sampleContext(folder: string, changes: Partial<BackupContext> = {}): BackupContext {
  return { id: SAMPLE_ID, folder, signal: new AbortController().signal, progress: () => undefined, ...changes };
}

export function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
