import { StepFailure } from '../../backups/backup-source';
import type { Underway } from '../deployment-watch';
import type { Release } from '../release';
import { SERVICES, servicesOf } from './images-file';
import type { RollOutParts, SwitchPlan } from './roll-out-parts';
import type { Switched } from './switched';
import { BY_SERVICE } from './upstreams-file';

/** New containers in the place of the old ones, with an interruption. */
export class Recreation implements Switched {
  readonly manner = 'recreate';
  readonly detail = 'new containers in the place of the old ones';

  private constructor(
    private readonly parts: RollOutParts,
    private readonly previous: Release | undefined,
    readonly warnings: readonly string[],
  ) {}

  static async begin({ parts, release, previous, warnings }: SwitchPlan, u: Underway): Promise<Recreation> {
    const recreation = new Recreation(parts, previous, warnings);
    await parts.compose.pull(parts.files.folder, servicesOf(release), u);
    await recreation.replace(release, u);
    return recreation;
  }

  /** Nothing was kept for the way back but the names of images. */
  accept(): Promise<string[]> {
    return Promise.resolve([]);
  }

  async revert(u: Underway): Promise<void> {
    const { previous, parts } = this;
    if (!previous) throw new StepFailure('There was no release before this one', false);
    // From now on `settle` goes back as well.
    await parts.files.writeRoutes({ release: previous, hosts: BY_SERVICE });
    await parts.files.writeImages(previous);
    await this.replace(previous, u);
    const { answers, warnings } = await parts.settlement.settle(u);
    if (!answers) throw new StepFailure(warnings.join('; '), false);
  }

  private async replace(release: Release, u: Underway): Promise<void> {
    const { compose, engine, files, front } = this.parts;
    const services = servicesOf(release);
    await compose.up(files.folder, { services, recreate: 'force' }, u);
    const { name: project } = await files.project();
    for (const service of services) {
      const wanted = release[SERVICES[service]]?.id;
      const others = (await engine.containers({ project, service }, u)).filter(({ imageId }) => imageId !== wanted);
      const [other] = others;
      if (other) throw new StepFailure(`${other.name} runs ${other.imageId}, and not the release’s ${wanted}`, false);
    }
    await front.route({ release, hosts: BY_SERVICE }, u);
  }
}
