import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { archiveName } from '../backups/backup-id';
import { type BackupContext, StepFailure } from '../backups/backup-source';
import type { InnerManifest, Manifest } from '../backups/manifest';
import { checkManifest } from '../backups/manifest-parser';
import { sealManifest } from '../backups/manifest-text';
import { Recipients } from '../keys/recipients';
import { Ages } from './ages';
import { fileFailure } from './file-failure';
import { sealArchive } from './seal-archive';

/** What a run has to know before it can write down what its archive holds. */
export interface ArchivePlan {
  recipients: readonly string[];
  tools: Readonly<Record<string, string>>;
  /** For the report: keys made for development, a slower way. Nothing that makes a run degraded. */
  notes: readonly string[];
}

/**
 * Packs what a run has gathered into one encrypted file: tar, age. Each artifact is hashed once more on its way, and the
 * archive as it is written.
 */
@Injectable()
export class Archiver {
  constructor(
    private readonly config: AppConfig,
    private readonly recipients: Recipients,
    private readonly ages: Ages,
  ) {}

  /** @throws StepFailure where there is nobody to encrypt to */
  async plan(signal: AbortSignal): Promise<ArchivePlan> {
    const { recipients, note } = await this.recipients.choose();
    const age = await this.ages.choose(signal);
    const notes = [note, age.remark].filter((text) => text !== undefined);
    return { recipients, tools: { age: age.version }, notes };
  }

  /**
   * Writes `<id>.tar.age` into a run's partial folder, to the disk; from a failure nothing of it stays.
   * @param contents what is in the folder, and whom it is encrypted to
   * @returns what is to stand beside it
   * @throws StepFailure, ArchiveFault where an artifact is not what was recorded
   */
  async write(contents: InnerManifest, context: BackupContext): Promise<Manifest> {
    this.check(contents, context);
    const path = join(context.folder, archiveName(contents.id));
    // Of an earlier try that was killed.
    await rm(path, { force: true });
    try {
      const age = await this.ages.choose(context.signal);
      return sealManifest(contents, await sealArchive(contents, context, age, path));
    } catch (error) {
      await rm(path, { force: true });
      throw fileFailure(error, 'The archive could not be written', context.signal);
    }
  }

  private check(contents: InnerManifest, { id }: BackupContext): void {
    if (contents.id !== id) throw new StepFailure(`The manifest is of ${contents.id}, and the run is ${id}`, false);
    try {
      checkManifest(contents);
    } catch (error) {
      throw new StepFailure((error as Error).message, false, { cause: error });
    }
    if (this.config.isProduction && new Set(contents.recipients).size < 2) {
      throw new StepFailure('In production an archive is encrypted to two different public keys at least', false);
    }
  }
}
