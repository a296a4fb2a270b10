import { Injectable } from '@nestjs/common';
import { AppConfig, type DeploySwitch } from '@tiptop/platform';
import { StepFailure } from '../../backups/backup-source';
import { Compose } from '../containers/compose';
import { ContainerEngine, type ContainerFacts, pinnedImage } from '../containers/container-engine';
import { EngineRoom } from '../containers/engine-room';
import type { Underway } from '../deployment-watch';
import type { PinnedImage, Release } from '../release';
import { ContainerStart } from './container-start';
import { NginxFront } from './nginx-front';
import { type Patience, PATIENCE } from './patience';
import { Recreation } from './recreation';
import { ReleaseFiles } from './release-files';
import { RollingSwitch } from './rolling-switch';
import type { RollOutParts } from './roll-out-parts';
import { type Settled, Settlement } from './settlement';
import type { Switched } from './switched';
import { BY_SERVICE, type RoutedService } from './upstreams-file';

/** Of what a migration says. */
const MOST_CHARACTERS = 2000;

/**
 * Brings a release to the environment's containers. In this order: {@link settle}; the files of the release
 * ({@link ReleaseFiles.install}); {@link stage}; {@link migrate}; {@link switchTo}; and what that returns is accepted, or
 * reverted. At whatever moment it dies, `settle` puts the environment in order.
 */
@Injectable()
export class RollOut {
  private readonly parts: RollOutParts;
  private readonly settlement: Settlement;

  constructor(
    private readonly config: AppConfig,
    private readonly engine: ContainerEngine,
    compose: Compose,
    private readonly files: ReleaseFiles,
    private readonly room: EngineRoom,
  ) {
    const patience: Patience = PATIENCE;
    const front = new NginxFront(engine, compose, files, patience);
    const start = new ContainerStart(engine, files, patience);
    this.settlement = new Settlement(engine, compose, files, front, start, patience);
    this.parts = { engine, compose, files, front, start, patience, settlement: this.settlement };
  }

  /**
   * The release that answers now, by the files and by what the containers really run.
   * @returns undefined where none has ever been
   * @throws StepFailure where the containers run what the registry does not hold: there would be no way back to it
   */
  async current(u: Underway): Promise<Release | undefined> {
    const answering = (await this.files.routes())?.release;
    const [api, ...more] = await this.running('api', u);
    if (!api) return answering;
    const written = answering ?? (await this.files.images());
    if (written && [api, ...more].every(({ imageId }) => imageId === written.backend.id)) return written;
    const { frontend } = this.config.ops.deploy;
    const [site] = frontend ? await this.running('frontend', u) : [];
    return {
      backend: await this.imageOf(api, 'backend', u),
      frontend: site ? await this.imageOf(site, 'frontend', u) : null,
    };
  }

  /**
   * Tells compose of the release, and starts nothing. What answers now is written down first, where it is not yet: that is
   * where `settle` goes back to.
   * @throws StepFailure
   */
  async stage(release: Release, u: Underway): Promise<void> {
    if (!(await this.files.routes())) {
      const current = await this.current(u);
      if (current) await this.files.writeRoutes({ release: current, hosts: BY_SERVICE });
    }
    await this.files.writeImages(release);
    await this.parts.compose.check(this.files.folder, u);
  }

  /**
   * Brings the database to what the staged release needs; the one that answers goes on with it.
   * @returns what it said of that
   * @throws StepFailure
   */
  async migrate(u: Underway): Promise<string> {
    u.progress('migrating the database');
    const said = await this.parts.compose.run(this.files.folder, 'ops', ['tiptop', 'migrate', 'up'], u);
    return said.trim().slice(-MOST_CHARACTERS);
  }

  /**
   * Makes the staged release answer. A container that is not good never gets a request where it comes beside the old one.
   * @throws StepFailure; then the routes still name the release before, and once its files are back {@link settle} makes it
   * answer again, where it does not do so all along
   */
  async switchTo(release: Release, u: Underway): Promise<Switched> {
    const previous = (await this.files.routes())?.release;
    await this.files.writeImages(release);
    const { manner, warnings } = await this.manner(u);
    if (manner === 'recreate' || !previous) {
      return Recreation.begin({ parts: this.parts, release, previous, warnings }, u);
    }
    return RollingSwitch.begin({ parts: this.parts, release, previous, warnings }, u);
  }

  /** Puts in order what a dead deployment has left: see {@link Settlement}. @throws StepFailure */
  async settle(u: Underway): Promise<Settled> {
    return this.settlement.settle(u);
  }

  /** How this one is to be done: there must be a container to come beside, and memory for both. */
  private async manner(u: Underway): Promise<{ manner: DeploySwitch; warnings: string[] }> {
    const recreate = { manner: 'recreate', warnings: [] } as { manner: DeploySwitch; warnings: string[] };
    if (this.config.ops.deploy.switch === 'recreate') return recreate;
    const [api, ...more] = await this.running('api', u);
    if (more.length > 0)
      throw new StepFailure('Several containers of api run; an earlier deployment is not settled', false);
    if (!api) return recreate;
    const refusal = await this.room.refusal(api.memoryLimit, u);
    if (refusal === undefined) return { manner: 'rolling', warnings: [] };
    return { manner: 'recreate', warnings: [`the service was interrupted: ${refusal}`] };
  }

  private async running(service: RoutedService, u: Underway): Promise<ContainerFacts[]> {
    const { name: project } = await this.files.project();
    return (await this.engine.containers({ project, service }, u)).filter(({ running }) => running);
  }

  private async imageOf({ name, imageId }: ContainerFacts, part: string, u: Underway): Promise<PinnedImage> {
    const { registry } = this.config.ops.deploy;
    if (registry === undefined) throw new StepFailure('REGISTRY is not set', false);
    const repository = `${registry}/${part}`;
    const facts = await this.engine.image(imageId, u);
    const image = facts && pinnedImage(repository, facts);
    if (image) return image;
    throw new StepFailure(
      `${name} runs an image that is not of ${repository}; tag it so, push it, and try again`,
      false,
    );
  }
}
