import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { StepFailure } from '../../backups/backup-source';
import { ContainerEngine } from '../containers/container-engine';
import type { Underway } from '../deployment-watch';
import { type PinnedImage, referenceOf } from '../release';
import { retried, type Tries } from './retried';

const MS = 1000;

/** Keeps an image in the registry under a name that never moves, and makes sure that it comes back from there. */
@Injectable()
export class ImageKeeper {
  private readonly tries: Tries;

  constructor(
    { ops }: AppConfig,
    private readonly engine: ContainerEngine,
  ) {
    this.tries = { attempts: ops.attempts, pauseMs: ops.retrySeconds * MS };
  }

  /** Whether this engine has an image of that name already. */
  async isTaken(repository: string, tag: string, underway: Underway): Promise<boolean> {
    return (await this.engine.image(`${repository}:${tag}`, underway)) !== undefined;
  }

  /**
   * Tags the very image that runs, whatever its other names stand for by now.
   * @throws StepFailure where neither the engine nor the registry has it
   */
  async tag(what: string, image: PinnedImage, tag: string, underway: Underway): Promise<void> {
    underway.progress(`tagging the ${what} as ${tag}`);
    if ((await this.engine.image(image.id, underway)) === undefined) await this.fetch(what, image, underway);
    await this.engine.tag(image.id, `${image.repository}:${tag}`, underway);
  }

  /**
   * Pushes it by its tag, and pulls it again: by its digest, which is what a rollback does, and by its tag, which is how a
   * person finds it.
   * @returns it, by the digest that it has there now
   * @throws StepFailure where something else comes back
   */
  async push(what: string, image: PinnedImage, tag: string, underway: Underway): Promise<PinnedImage> {
    const name = `${image.repository}:${tag}`;
    underway.progress(`pushing ${name}`);
    const digest = await this.often(async () => this.engine.push(name, underway), underway);
    const kept = { ...image, digest };
    await this.compare(what, referenceOf(kept), image.id, underway);
    await this.compare(what, name, image.id, underway);
    return kept;
  }

  /**
   * Whether an image can still be had from the registry.
   * @throws StepFailure where it can't, or is another one
   */
  async verify(what: string, image: PinnedImage, underway: Underway): Promise<void> {
    await this.compare(what, referenceOf(image), image.id, underway);
  }

  async untag(repository: string, tag: string, underway: Underway): Promise<void> {
    const name = `${repository}:${tag}`;
    if ((await this.engine.image(name, underway)) !== undefined) await this.engine.untag(name, underway);
  }

  private async fetch(what: string, image: PinnedImage, underway: Underway): Promise<void> {
    underway.progress(`the engine has lost the image of the ${what}: fetching it from the registry`);
    try {
      await this.compare(what, referenceOf(image), image.id, underway);
    } catch (error) {
      underway.signal.throwIfAborted();
      const message = `The image of the ${what} that runs, ${image.id}, is not in the engine any more: ${(error as Error).message}`;
      throw new StepFailure(message, false, { cause: error });
    }
  }

  private async compare(what: string, reference: string, id: string, underway: Underway): Promise<void> {
    underway.progress(`pulling ${reference} again`);
    await this.often(async () => this.engine.pull(reference, underway), underway);
    const found = await this.engine.image(reference, underway);
    if (found?.id === id) return;
    const other = found === undefined ? 'nothing' : found.id;
    throw new StepFailure(
      `The ${what} comes back from the registry as ${other} by ${reference}, and not as ${id}`,
      false,
    );
  }

  private async often<T>(work: () => Promise<T>, underway: Underway): Promise<T> {
    return retried(work, this.tries, underway);
  }
}
