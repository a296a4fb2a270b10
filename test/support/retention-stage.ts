import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppConfig, createLogger, MovableClock, type OpsConfig } from '@tiptop/platform';
import { hashOf, sampleContents } from '../../libs/ops/src/archive/spec-support/sample-backup';
import { archiveName, type BackupKind, formatBackupId, manifestName } from '../../libs/ops/src/backups/backup-id';
import type { Manifest } from '../../libs/ops/src/backups/manifest';
import { manifestText, sealManifest } from '../../libs/ops/src/backups/manifest-text';
import { LocalBackups } from '../../libs/ops/src/local/local-backups';
import { ProtectedBackups } from '../../libs/ops/src/retention/protected-backups';
import { Pruner } from '../../libs/ops/src/retention/pruner';
import type { PlacePlan } from '../../libs/ops/src/retention/retention-plan';
import { MemoryStore } from './memory-store';
import { opsConfig } from './ops-config';
import { never } from './store-contract';

export const DAY_MS = 86_400_000;
const ARTIFACT = { path: 'db/tiptop.dump.gz', bytes: 4, sha256: hashOf('dump') };
const KEY = `age1${'q'.repeat(58)}`;

/** A backup that a test puts somewhere. */
export interface Staged {
  id: string;
  kind: BackupKind;
  at: Date;
  manifest: Manifest;
  archive: string;
}

/** @param at `2026-11-22`, at two o'clock in UTC, or a whole instant */
export function staged(kind: BackupKind, at: string | Date, quarantined: string | null = null): Staged {
  const date = typeof at === 'string' ? new Date(at.length === 10 ? `${at}T02:00:00Z` : at) : at;
  const id = formatBackupId({ kind, at: date });
  const archive = `archive of ${id}`;
  const contents = sampleContents([ARTIFACT], [KEY], { id, kind, createdAt: date.toISOString(), quarantined });
  const manifest = sealManifest(contents, { bytes: archive.length, sha256: hashOf(archive) });
  return { id, kind, at: date, manifest, archive };
}

/** What the calendar makes from a day to another, both included. */
export function nights(from: string, to: string, quarantined: string | null = null): Staged[] {
  const made: Staged[] = [];
  for (let ms = Date.parse(`${from}T02:00:00Z`); ms <= Date.parse(`${to}T02:00:00Z`); ms += DAY_MS) {
    const at = new Date(ms);
    const kind = at.getUTCDate() === 1 ? 'monthly' : at.getUTCDay() === 0 ? 'weekly' : 'daily';
    made.push(staged(kind, at, quarantined));
  }
  return made;
}

class GivenProtection extends ProtectedBackups {
  readonly given = new Map<string, string>();

  ids(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(this.given);
  }
}

/** A local folder, two stores and what prunes them, at a time that stands where it was put. */
export class RetentionStage {
  readonly clock = new MovableClock();
  readonly protection = new GivenProtection();
  readonly local: LocalBackups;
  readonly pruner: Pruner;
  readonly lines: Record<string, unknown>[] = [];
  /** Told of each line of the log, while the work that logs it waits. */
  onLine: (line: Record<string, unknown>) => void = () => undefined;
  readonly root: string;

  private constructor(
    readonly folder: string,
    readonly config: AppConfig,
    readonly stores: readonly MemoryStore[],
  ) {
    this.root = config.ops.backupDir;
    this.local = new LocalBackups(config, this.clock);
    this.pruner = this.anotherPruner();
  }

  static async create(
    options: {
      keep?: Partial<OpsConfig['keep']>;
      ops?: Partial<OpsConfig>;
      stores?: readonly MemoryStore[];
      now?: string;
    } = {},
  ): Promise<RetentionStage> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'tiptop-retention-')));
    const base = opsConfig({ ...options.ops, backupDir: join(folder, 'backups') });
    const config = base.with({ ops: { ...base.ops, keep: { ...base.ops.keep, ...options.keep } } });
    const stores = options.stores ?? [new MemoryStore('s3'), new MemoryStore('sftp')];
    const stage = new RetentionStage(folder, config, stores);
    stage.setTime(options.now ?? '2026-11-25T05:00:00Z');
    return stage;
  }

  get s3(): MemoryStore {
    return this.stores[0]!;
  }

  /** What pruning would do in one place. */
  async planOf(place: string): Promise<PlacePlan> {
    const { places } = await this.pruner.plan(never());
    const plan = places.find((one) => one.place === place);
    if (!plan) throw new Error(`There is no place ${place}`);
    return plan;
  }

  /** As after a restart of the service. */
  anotherPruner(): Pruner {
    const logger = createLogger('info', {
      write: (text: string) => {
        const line = JSON.parse(text) as Record<string, unknown>;
        this.lines.push(line);
        this.onLine(line);
      },
    });
    return new Pruner(this.local, this.stores, this.protection, this.config, this.clock, logger);
  }

  /** Here and in the stores. */
  setTime(now: string): void {
    this.clock.moveTo(new Date(now));
    for (const store of this.stores) store.time = new Date(now);
  }

  async addLocal(backups: readonly Staged[]): Promise<void> {
    for (const { id, kind, manifest, archive } of backups) {
      const folder = join(this.root, kind);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, archiveName(id)), archive);
      await writeFile(join(folder, manifestName(id)), manifestText(manifest));
    }
  }

  addRemote(backups: readonly Staged[], stores: readonly MemoryStore[] = this.stores): void {
    for (const store of stores) {
      for (const { id, kind, at, manifest, archive } of backups) {
        this.addFile(store, kind, archiveName(id), archive, at);
        this.addFile(store, kind, manifestName(id), manifestText(manifest), at);
      }
    }
  }

  addFile(store: MemoryStore, kind: string, name: string, text: string, modifiedAt: Date): void {
    store.files.set(`${kind}/${name}`, { kind, name, bytes: Buffer.from(text), modifiedAt });
  }

  /** Days of what is whole there, oldest first. */
  async localDays(): Promise<string[]> {
    const { backups } = await this.local.list();
    return backups.map(({ backup }) => backup.at.toISOString().slice(0, 10)).toReversed();
  }

  /** Ids of which a store has both files; each alone counts for nothing. */
  remoteIds(store: MemoryStore = this.s3): string[] {
    const names = [...store.files.values()].map(({ name }) => name);
    const ids = names.flatMap((name) => (name.endsWith('.tar.age') ? [name.slice(0, -'.tar.age'.length)] : []));
    return ids.filter((id) => names.includes(manifestName(id))).toSorted((a, b) => (dayOf(a) < dayOf(b) ? -1 : 1));
  }

  /** In all stores. */
  storedBytes(): number {
    return this.stores.flatMap(({ files }) => [...files.values()]).reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Ids of what a plan removes, the oldest first. */
export function removals({ decisions }: PlacePlan): string[] {
  return decisions.flatMap(({ id, decision }) => (decision === 'remove' ? [id] : [])).toReversed();
}

/** `20261122T020000Z` */
function dayOf(id: string): string {
  return id.slice(-16);
}
