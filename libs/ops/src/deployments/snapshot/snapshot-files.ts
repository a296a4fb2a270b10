import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { fileFailure } from '../../archive/file-failure';
import { formatSums, parseSums, type Sum } from '../../archive/sha256-sums';
import { hashFile } from '../../artifacts/hashed-file';
import { StepFailure } from '../../backups/backup-source';
import { sha256Of } from '../../backups/manifest-text';
import { Field } from '../../backups/manifest-fields';
import type { Release } from '../release';
import { replaceFile } from '../rollout/replaced-file';
import { copyRelease, restoreRelease } from './release-copies';
import type { DatabaseVersion, Snapshot } from './rollback-point';

const COPIES = 'files';
const SUMS = 'SHA256SUMS';
const VERSIONS = 'versions.json';
const READABLE = 0o644;

/** An image of a snapshot, by what is needed to find it. */
export interface NamedImage {
  repository: string;
  digest: string;
}

/** The files of a snapshot besides its rollback point: copies of those of the release, versions.json, and their sums. */
@Injectable()
export class SnapshotFiles {
  private readonly home: string;

  constructor({ ops }: AppConfig) {
    this.home = ops.deploy.path;
  }

  /**
   * Copies the files of what serves now.
   * @throws StepFailure that names what is missing
   */
  async copy(folder: string, signal: AbortSignal): Promise<Sum[]> {
    const sums = await copyRelease(this.home, join(folder, COPIES), signal);
    return sums.map(({ path, sha256 }) => ({ path: `${COPIES}/${path}`, sha256 }));
  }

  /**
   * Writes which versions there are.
   * @throws StepFailure
   */
  async writeVersions(folder: string, tag: string, release: Release, db: DatabaseVersion): Promise<Sum> {
    const { backend, frontend } = release;
    const named = (image: Release['backend']) => ({ image: `${image.repository}:${tag}`, ...image });
    const text = `${JSON.stringify({ backend: named(backend), frontend: frontend && named(frontend), db }, null, 2)}\n`;
    await this.write(folder, VERSIONS, text);
    return { path: VERSIONS, sha256: sha256Of(text) };
  }

  /**
   * @returns the SHA-256 of the list
   * @throws StepFailure
   */
  async seal(folder: string, sums: readonly Sum[]): Promise<string> {
    const text = formatSums(sums);
    await this.write(folder, SUMS, text);
    return sha256Of(text);
  }

  /**
   * Reads every file and holds it against its sum, and the sums against the rollback point.
   * @returns the paths of the copies, as they are below the environment's folder
   * @throws StepFailure
   */
  async verify({ tag, folder, sumsSha256 }: Snapshot, signal: AbortSignal): Promise<string[]> {
    const fault = (why: string): StepFailure => new StepFailure(`The snapshot ${tag} is damaged: ${why}`, false);
    try {
      const text = await readFile(join(folder, SUMS), 'utf8');
      if (sha256Of(text) !== sumsSha256) throw fault(`${SUMS} is not what its rollback point says`);
      const sums = parseSums(text);
      if (!sums) throw fault(`${SUMS} is no list of sums`);
      for (const [path, sha256] of sums) {
        const found = await hashFile(join(folder, path), signal);
        if (found.sha256 !== sha256) throw fault(`${path} is not what ${SUMS} says`);
      }
      return [...sums.keys()]
        .filter((path) => path.startsWith(`${COPIES}/`))
        .map((path) => path.slice(COPIES.length + 1));
    } catch (error) {
      throw fileFailure(error, `The snapshot ${tag} could not be read`, signal);
    }
  }

  /** @throws StepFailure */
  async restore(snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    const paths = await this.verify(snapshot, signal);
    await restoreRelease(join(snapshot.folder, COPIES), this.home, paths, signal);
  }

  /** The images of a snapshot that is none any more, or none yet; none where that is not written down. */
  async imagesOf(folder: string): Promise<NamedImage[]> {
    try {
      const text = await readFile(join(folder, VERSIONS), 'utf8');
      const { frontend } = JSON.parse(text) as { frontend: unknown };
      const document = new Field(JSON.parse(text));
      const images = [document.get('backend'), ...(frontend === null ? [] : [document.get('frontend')])];
      return images.map((image) => ({
        repository: image.get('repository').text(),
        digest: image.get('digest').text(),
      }));
    } catch {
      return [];
    }
  }

  private async write(folder: string, name: string, text: string): Promise<void> {
    await replaceFile(join(folder, name), text, READABLE);
  }
}
