import type { ArchiveReader } from '../archive/archive-reader';
import { bytesInWords } from '../artifacts/bytes-in-words';
import type { Manifest } from '../backups/manifest';
import { StepFailure } from '../backups/backup-source';
import type { ScratchRestore } from '../database/scratch-restore';
import type { BackupPlace } from './backup-place';
import type { DrillStep } from './drill-outcome';
import { WorkFolder } from './work-folder';

/** What trials are made with. */
export interface DrillTools {
  reader: ArchiveReader;
  scratch: ScratchRestore;
  identityFile: string;
  backupDir: string;
  reserveBytes: number;
  signal: AbortSignal;
  progress: (text: string, done?: number, whole?: number) => void;
}

/** One backup on its way from where it is kept to a restored database. Knows where it is, so that a failure can name it. */
export class DrillTrial {
  step: DrillStep = 'find';
  backupId: string | undefined;
  readonly warnings: string[] = [];

  constructor(
    private readonly place: BackupPlace,
    private readonly tools: DrillTools,
  ) {}

  /**
   * Of the newest backup that is not quarantined: fetched, opened, restored.
   * @param ids newest first
   * @returns what was done, for a person
   * @throws StepFailure, StoreFailure
   */
  async newest(ids: readonly string[]): Promise<string> {
    const passedOver: string[] = [];
    for (const id of ids) {
      const manifest = await this.find(id);
      if (manifest.quarantined === null) {
        const detail = await this.inFolder(manifest, true);
        return [detail, ...passedOver].join('; ');
      }
      passedOver.push(`${id} is newer, and passed over: it is quarantined (${manifest.quarantined})`);
    }
    this.backupId = undefined;
    const why = passedOver.length === 0 ? 'there is no backup in it' : passedOver.join('; ');
    throw new StepFailure(`${this.place.name} has nothing to be restored: ${why}`, false);
  }

  /**
   * Of one backup: fetched and opened, each sum compared.
   * @returns what was done, for a person
   * @throws StepFailure, StoreFailure
   */
  async opened(id: string): Promise<string> {
    return this.inFolder(await this.find(id), false);
  }

  private async find(id: string): Promise<Manifest> {
    this.enter('find', `looking at ${id}`);
    this.backupId = id;
    return this.place.manifest(id, this.tools.signal);
  }

  private async inFolder(manifest: Manifest, restored: boolean): Promise<string> {
    this.enter('space', `looking for room for ${manifest.id}`);
    const { backupDir, reserveBytes } = this.tools;
    const neededBytes = this.place.fetchedBytes(manifest) + (restored ? dumpBytes(manifest) : 0);
    const folder = await WorkFolder.make(backupDir, 'drill', manifest.id, { neededBytes, reserveBytes });
    try {
      return await this.perform(manifest, folder, restored);
    } finally {
      await folder.remove().catch((error: unknown) => {
        this.warnings.push(`${folder.path} could not be removed: ${(error as Error).message}`);
      });
    }
  }

  private async perform(manifest: Manifest, folder: WorkFolder, restored: boolean): Promise<string> {
    const { reader, scratch, identityFile, signal, progress } = this.tools;
    const { dump } = manifest.database;
    this.enter('fetch', `fetching ${manifest.id}, ${bytesInWords(manifest.archive.bytes)}`);
    const archive = await this.place.fetch(manifest, (name) => Promise.resolve(folder.file(name)), signal);
    this.enter('open', `opening ${manifest.id}`);
    const { contents } = await reader.open({
      archive,
      identityFile,
      manifest,
      folder: restored ? folder.file('opened') : undefined,
      wanted: (path) => path === dump,
      progress,
      signal,
    });
    const sums = `opened with the drill key, ${bytesInWords(manifest.archive.bytes)} with ${contents.artifacts.length} artifacts as they were recorded`;
    if (!restored) return `${sums}; not restored`;
    this.enter('restore', `restoring ${manifest.id}`);
    const verdict = await scratch.restore(folder.file(`opened/${dump}`), contents.database, signal, progress);
    this.warnings.push(...verdict.warnings);
    if (!verdict.passed) throw new StepFailure(verdict.detail, false);
    return `${sums}; ${verdict.detail}`;
  }

  private enter(step: DrillStep, text: string): void {
    this.step = step;
    this.tools.progress(text);
  }
}

function dumpBytes({ artifacts, database }: Manifest): number {
  return artifacts.find(({ path }) => path === database.dump)?.bytes ?? 0;
}
