import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type BackupKind, manifestName, parseFileName } from '../backups/backup-id';
import { BackupVerification, type VerificationLevel } from '../backups/backup-verification.entity';
import type { Manifest } from '../backups/manifest';
import { parseManifest } from '../backups/manifest-parser';
import { LocalBackups } from '../local/local-backups';
import type { BackupStore } from '../stores/backup-store';
import { BACKUP_STORES } from '../stores/backup-stores.token';

/** A backup as the places that keep backups know it. */
export interface KnownBackup {
  id: string;
  kind: BackupKind;
  /** When it was begun; ISO 8601, UTC. */
  at: string;
  /** Of the archive; null where no manifest tells. */
  bytes: number | null;
  sha256: string | null;
  /** Why it fills no slot of the retention; null where it does. */
  quarantined: string | null;
  /** In a store the manifest comes last, once the archive was read back in full: so one with a manifest is verified there. */
  places: readonly { place: string; verified: boolean }[];
  /** That it was restored or opened, the newest first. */
  trials: readonly { level: VerificationLevel; source: string; passed: boolean; at: string }[];
}

export interface Inventory {
  /** Newest first. */
  backups: readonly KnownBackup[];
  /** What stands in a place and is no sound backup, and places that can't be asked. */
  problems: readonly { place: string; reason: string }[];
}

/** What one place holds: manifests by id, and null for an archive without a sound one. */
interface PlaceContents {
  place: string;
  found: ReadonlyMap<string, Manifest | null>;
  problems: readonly string[];
}

const LOCAL = 'local';

/** Which backups there are, and where: asked of the places themselves, since the database may be of another time. */
@Injectable()
export class BackupInventory {
  constructor(
    private readonly local: LocalBackups,
    @Inject(BACKUP_STORES) private readonly stores: readonly BackupStore[],
    private readonly dataSource: DataSource,
  ) {}

  /** Never rejects for a place: what can't be asked is a problem of its own. */
  async take(signal: AbortSignal): Promise<Inventory> {
    const contents = await Promise.all([
      contentsOf(LOCAL, () => this.localContents()),
      ...this.stores.map((store) => contentsOf(store.name, () => storeContents(store, signal))),
    ]);
    signal.throwIfAborted();
    const ids = new Set(contents.flatMap(({ found }) => [...found.keys()]));
    const trials = await this.trials([...ids]);
    const backups = [...ids].flatMap((id) => describe(id, contents, trials.get(id) ?? []));
    backups.sort((one, other) => (one.at === other.at ? compare(one.id, other.id) : compare(other.at, one.at)));
    const problems = contents.flatMap(({ place, problems: of }) => of.map((reason) => ({ place, reason })));
    return { backups, problems };
  }

  private async localContents(): Promise<Omit<PlaceContents, 'place'>> {
    const { backups, faults } = await this.local.list();
    return {
      found: new Map(backups.map(({ id, manifest }) => [id, manifest])),
      problems: faults.map(({ path, reason }) => `${path} ${reason}`),
    };
  }

  private async trials(ids: readonly string[]): Promise<Map<string, KnownBackup['trials'][number][]>> {
    const rows = await this.dataSource.manager
      .createQueryBuilder(BackupVerification, 'trial')
      .where('trial.backupId = ANY (:ids)', { ids })
      .orderBy({ 'trial.startedAt': 'DESC', 'trial.id': 'ASC' })
      .getMany();
    const byId = new Map<string, KnownBackup['trials'][number][]>();
    for (const { backupId, level, source, passed, startedAt } of rows) {
      const trial = { level, source, passed, at: startedAt.toISOString() };
      byId.set(backupId, [...(byId.get(backupId) ?? []), trial]);
    }
    return byId;
  }
}

async function contentsOf(place: string, ask: () => Promise<Omit<PlaceContents, 'place'>>): Promise<PlaceContents> {
  try {
    return { place, ...(await ask()) };
  } catch (error) {
    return { place, found: new Map(), problems: [`can’t be asked: ${(error as Error).message}`] };
  }
}

/** Reads every manifest: one that is not sound makes no backup. */
async function storeContents(store: BackupStore, signal: AbortSignal): Promise<Omit<PlaceContents, 'place'>> {
  const found = new Map<string, Manifest | null>();
  const manifests = new Set<string>();
  const problems: string[] = [];
  for (const { kind, name } of await store.list(signal)) {
    const parsed = parseFileName(name);
    if (parsed?.backup.kind !== kind || parsed.part === 'partial') problems.push(`${kind}/${name} is not of a backup`);
    else if (parsed.part === 'archive') found.set(parsed.id, null);
    else manifests.add(parsed.id);
  }
  for (const id of manifests) {
    const name = manifestName(id);
    const kind = parseFileName(name)?.backup.kind ?? '';
    if (!found.has(id)) {
      problems.push(`${kind}/${name} has no archive beside it`);
      continue;
    }
    try {
      const manifest = parseManifest(await store.read(kind, name, signal));
      if (manifest.id !== id) throw new Error(`is of the backup ${manifest.id}`);
      found.set(id, manifest);
    } catch (error) {
      problems.push(`${kind}/${name} is not sound: ${(error as Error).message}`);
    }
  }
  return { found, problems };
}

function describe(id: string, contents: readonly PlaceContents[], trials: KnownBackup['trials']): KnownBackup[] {
  const named = parseFileName(manifestName(id));
  if (!named) return [];
  const holders = contents.filter(({ found }) => found.has(id));
  const manifest = holders.map(({ found }) => found.get(id)).find((one) => one);
  return [
    {
      id,
      kind: named.backup.kind,
      at: named.backup.at.toISOString(),
      bytes: manifest?.archive.bytes ?? null,
      sha256: manifest?.archive.sha256 ?? null,
      quarantined: manifest?.quarantined ?? null,
      places: holders.map(({ place, found }) => ({ place, verified: Boolean(found.get(id)) })),
      trials,
    },
  ];
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
