import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Injectable } from '@nestjs/common';
import { parseFileName } from '../backups/backup-id';
import { StepFailure } from '../backups/backup-source';
import type { Manifest } from '../backups/manifest';
import { KeyPairs } from '../keys/key-pairs';
import { AgeFault } from './age';
import { inWords, type Opening } from './age-fault-words';
import { Ages } from './ages';
import { ArchiveFault } from './archive-fault';
import { requireSha256, requireSize } from './archive-integrity';
import { ArchivePassage, type OpenedArchive } from './archive-passage';
import type { WalkOptions } from './archive-walk';
import { Extraction } from './extraction';
import { fileFailure } from './file-failure';

export interface OpenRequest extends Pick<WalkOptions, 'wanted' | 'progress'> {
  /** Path of the archive. */
  archive: string;
  identityFile: string;
  /** The one beside it, where there is one: what is wrong is told more exactly, and the archive held against it. */
  manifest?: Manifest | undefined;
  /** A new or empty folder to extract to. Where the archive turns out bad nothing stays in it. */
  folder?: string | undefined;
  signal: AbortSignal;
}

/** Opens archives: decrypts, and reads all of it against manifest.json and SHA256SUMS. */
@Injectable()
export class ArchiveReader {
  constructor(
    private readonly ages: Ages,
    private readonly keyPairs: KeyPairs,
  ) {}

  /**
   * Reads an archive from its first byte to its last; extracts it where a folder is given.
   * @returns what it holds, and its own size and SHA-256
   * @throws ArchiveFault that says what is wrong with it; StepFailure where it can't be told
   */
  async open(request: OpenRequest): Promise<OpenedArchive> {
    const { archive, identityFile, manifest, folder } = request;
    const tried = await this.keyPairs.recipientsOf(identityFile);
    const bytes = await this.sizeOf(archive, manifest);
    const extraction = folder === undefined ? undefined : await Extraction.begin(folder);
    const opening = { archive, bytes, identityFile, tried, recipients: manifest?.recipients };
    try {
      const opened = await this.read(request, opening, extraction);
      checkIdentity(archive, opened, manifest);
      return opened;
    } catch (error) {
      await extraction?.undo();
      throw fileFailure(error, `${archive} could not be read`, request.signal);
    }
  }

  private async read(
    { archive, identityFile, manifest, wanted, progress, signal }: OpenRequest,
    opening: Omit<Opening, 'plainBytes' | 'artifactBytes'>,
    extraction: Extraction | undefined,
  ): Promise<OpenedArchive> {
    const age = await this.ages.choose(signal);
    const passage = new ArchivePassage({ extraction, wanted, progress });
    try {
      return await passage.open(archive, identityFile, age, signal);
    } catch (error) {
      if (!(error instanceof AgeFault)) throw error;
      const fault = inWords(error, { ...opening, ...passage.state });
      if (manifest) await requireSha256(archive, manifest, fault, signal);
      throw fault;
    }
  }

  private async sizeOf(archive: string, manifest: Manifest | undefined): Promise<number> {
    let size;
    try {
      const stats = await stat(archive);
      if (!stats.isFile()) throw new StepFailure(`${archive} is no file`, false);
      size = stats.size;
    } catch (error) {
      throw fileFailure(error, `${archive} could not be opened`);
    }
    if (manifest) requireSize(archive, size, manifest);
    return size;
  }
}

/** That an archive is the one that its name and its manifest speak of. */
function checkIdentity(
  archive: string,
  { contents, sha256, manifestSha256 }: OpenedArchive,
  manifest: Manifest | undefined,
): void {
  const named = manifest?.id ?? parseFileName(basename(archive))?.id;
  if (named !== undefined && named !== contents.id) {
    throw new ArchiveFault('unsound', `${archive} holds the backup ${contents.id}, not ${named}`);
  }
  if (!manifest) return;
  if (manifestSha256 !== manifest.archive.manifestSha256) {
    throw new ArchiveFault('manifest', `The manifest beside ${archive} is not the one in it`);
  }
  if (sha256 !== manifest.archive.sha256) {
    const text = `${archive} is sound, but its SHA-256 is ${sha256}, and the manifest beside it says ${manifest.archive.sha256}`;
    throw new ArchiveFault('manifest', text);
  }
}
