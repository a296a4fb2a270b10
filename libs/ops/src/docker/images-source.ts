import { join } from 'node:path';
import { AppConfig } from '@tiptop/platform';
import { Injectable } from '@nestjs/common';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { type BackupContext, type BackupSource, type SourceProduct, StepFailure } from '../backups/backup-source';
import type { Artifact, ImageFacts } from '../backups/manifest';
import { emptyFolder } from '../files/empty-folder';
import { fileFailure } from '../files/file-fault';
import { DockerEngine, type EngineImage } from './docker-engine';
import { EngineFailure } from './engine-failure';
import { ImageArchiveFault } from './image-archive-check';
import { imageFileNames } from './image-file-names';
import { type SavedImage, verifyImage, writeImage } from './saved-image';

const FOLDER = 'images';

/** An image by one of its names. */
interface NamedImage extends EngineImage {
  reference: string;
}

/** The images of production, as `docker save` gives them out, compressed. */
@Injectable()
export class ImagesSource implements BackupSource {
  readonly name = 'images';
  readonly disabled: string | undefined;
  private readonly references: readonly string[];

  constructor(
    { ops }: AppConfig,
    private readonly engine: DockerEngine,
  ) {
    this.references = [...new Set(ops.images)];
    if (ops.dockerHost === undefined) this.disabled = 'DOCKER_HOST is not set';
    else if (ops.images.length === 0) this.disabled = 'BACKUP_IMAGES is empty';
  }

  /** Uncompressed, so that it is rather too much. */
  async estimate(signal: AbortSignal): Promise<number | undefined> {
    try {
      const images = await this.find(signal);
      return [...byId(images).values()].reduce((sum, [{ bytes }]) => sum + bytes, 0);
    } catch (error) {
      // Its own step will tell.
      if (error instanceof StepFailure) return undefined;
      throw error;
    }
  }

  async produce(context: BackupContext): Promise<SourceProduct> {
    const { folder, signal, progress } = context;
    await emptyFolder(join(folder, FOLDER));
    const engine = await this.ask((engine) => engine.version(signal));
    const found = await this.find(signal);
    const fileNames = imageFileNames(this.references);
    const artifacts: Artifact[] = [];
    const facts = new Map<string, ImageFacts>();
    let layers = 0;
    let bytes = 0;
    for (const [id, images] of byId(found)) {
      const [{ reference, bytes: whole }] = images;
      const path = `${FOLDER}/${fileNames.get(reference) ?? ''}`;
      const saved = await this.save(id, images, join(folder, path), signal, (done) => {
        progress(`Saving the image ${reference}`, done, whole);
      });
      layers += saved.layers;
      bytes += saved.bytes;
      artifacts.push({ path, bytes: saved.bytes, sha256: saved.sha256 });
      for (const image of images) {
        facts.set(image.reference, { reference: image.reference, id, digests: image.digests, archive: path });
      }
    }
    return {
      artifacts,
      warnings: [],
      detail: `${this.references.join(', ')}: ${layers} layers, ${bytesInWords(bytes)} compressed, read back in full`,
      tools: { docker: engine.engine },
      images: this.references.map((reference) => facts.get(reference)).filter((fact) => fact !== undefined),
    };
  }

  /** What all images are now; a name may stand for another one a moment later. */
  private async find(signal: AbortSignal): Promise<NamedImage[]> {
    const found: NamedImage[] = [];
    const missing: string[] = [];
    for (const reference of this.references) {
      try {
        found.push({ reference, ...(await this.ask((engine) => engine.image(reference, signal))) });
      } catch (error) {
        if (!isMissing(error)) throw error;
        missing.push(reference);
      }
    }
    if (missing.length > 0) {
      const place = this.engine.place;
      throw new StepFailure(`The engine at ${place} has no image ${missing.join(', none ')}`, false);
    }
    return found;
  }

  /** By its id, which no new tag can turn into another image. */
  private async save(
    id: string,
    [{ reference }]: OneOrMore<NamedImage>,
    path: string,
    signal: AbortSignal,
    progress: (bytes: number) => void,
  ): Promise<SavedImage> {
    try {
      const written = await this.ask((engine) =>
        engine.saveImage(id, signal, (tar, stop) => writeImage(tar, path, stop, progress)),
      );
      return await verifyImage(path, written, id, signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof StepFailure) {
        // It was there a moment ago: its name may stand for a newer one by now.
        const mayPass = cause.mayPass || isMissing(cause);
        throw new StepFailure(`The image ${reference} could not be saved: ${cause.message}`, mayPass, { cause });
      }
      if (cause instanceof ImageArchiveFault) {
        throw new StepFailure(`The archive of the image ${reference} is no good: ${cause.message}`, true, { cause });
      }
      throw fileFailure(`The archive of the image ${reference}`, cause);
    }
  }

  private async ask<T>(question: (engine: DockerEngine) => Promise<T>): Promise<T> {
    try {
      return await question(this.engine);
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error;
      throw new StepFailure(error.message, error.mayPass, { cause: error });
    }
  }
}

type OneOrMore<T> = readonly [T, ...T[]];

function isMissing(error: unknown): boolean {
  return error instanceof StepFailure && error.cause instanceof EngineFailure && error.cause.fault === 'missing';
}

/** An image with two names is saved once. */
function byId(images: readonly NamedImage[]): Map<string, OneOrMore<NamedImage>> {
  const groups = new Map<string, OneOrMore<NamedImage>>();
  for (const image of images) groups.set(image.id, [...(groups.get(image.id) ?? []), image] as OneOrMore<NamedImage>);
  return groups;
}
