import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { StepFailure } from '../backups/backup-source';
import { ContainerEngine, pinnedImage } from './containers/container-engine';
import type { Underway } from './deployment-watch';
import type { PinnedImage, Release, ReleasePart } from './release';

/** What the OCI's distribution specification allows as a tag. */
const TAG = /^[\w][\w.-]{0,127}$/;

/** Finds out which images a tag means now, and fetches them. */
@Injectable()
export class ReleaseResolver {
  constructor(
    private readonly config: AppConfig,
    private readonly engine: ContainerEngine,
  ) {}

  /**
   * Pulls the backend of a tag, and the frontend that the environment shall have: its newest, or one that is told.
   * @throws StepFailure where the registry can't be reached or has no such image
   */
  async resolve(
    tag: string,
    underway: Underway,
    frontendTag = `${this.config.ops.environment}-latest`,
  ): Promise<Release> {
    const { frontend } = this.config.ops.deploy;
    return {
      backend: await this.pin('backend', tag, underway),
      frontend: frontend ? await this.pin('frontend', frontendTag, underway) : null,
    };
  }

  /** @throws StepFailure where REGISTRY is not set */
  repository(part: ReleasePart): string {
    const { registry } = this.config.ops.deploy;
    if (registry === undefined) throw new StepFailure('REGISTRY is not set: where the images come from', false);
    return `${registry}/${part}`;
  }

  private async pin(part: ReleasePart, tag: string, underway: Underway): Promise<PinnedImage> {
    if (!TAG.test(tag)) throw new StepFailure(`${JSON.stringify(tag)} is no tag of an image`, false);
    const repository = this.repository(part);
    const reference = `${repository}:${tag}`;
    const digest = await this.engine.pull(reference, underway);
    const facts = await this.engine.image(reference, underway);
    const image = facts && pinnedImage(repository, facts, digest);
    if (!image) throw new StepFailure(`${reference} is not there, though it was pulled just now`, false);
    return image;
  }
}
