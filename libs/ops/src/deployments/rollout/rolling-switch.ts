import { StepFailure } from '../../backups/backup-source';
import type { ContainerFacts } from '../containers/container-engine';
import type { Underway } from '../deployment-watch';
import type { Release } from '../release';
import { SERVICES } from './images-file';
import type { RollOutParts, SwitchPlan } from './roll-out-parts';
import type { Switched } from './switched';
import { BY_SERVICE, type Hosts, type RoutedService } from './upstreams-file';

/** Beside each container that answers a new one comes, and takes over once it is healthy. No request is lost. */
export class RollingSwitch implements Switched {
  readonly manner = 'rolling';
  readonly detail = 'new containers beside the old ones, which wait';

  private constructor(
    private readonly parts: RollOutParts,
    private readonly release: Release,
    private readonly previous: Release,
    readonly warnings: readonly string[],
    /** Where requests went before. */
    private readonly from: Hosts,
  ) {}

  static async begin({ parts, release, previous, warnings }: SwitchPlan, u: Underway): Promise<RollingSwitch> {
    if (!previous) throw new StepFailure('There is no release to take over from', false);
    const from = await hostsOf(parts, servicesToRoll(release, previous), u);
    const rolling = new RollingSwitch(parts, release, previous, warnings, from);
    try {
      await rolling.takeOver(u);
      return rolling;
    } catch (error) {
      // The routes are still the old ones: that is what this goes back to.
      const left = await rolling.repaired(u);
      throw left === undefined
        ? error
        : new StepFailure(`${wordsOf(error)}; and then: ${left}`, false, { cause: error });
    }
  }

  async accept(u: Underway): Promise<string[]> {
    try {
      // What is not where the routes lead goes, in its own time.
      const { warnings } = await this.parts.settlement.settle(u);
      return [...warnings];
    } catch (error) {
      return [`the old containers could not be cleared away: ${wordsOf(error)}`];
    }
  }

  async revert(u: Underway): Promise<void> {
    const { front, settlement } = this.parts;
    u.progress('turning back to the old container');
    await front.route({ release: this.previous, hosts: await this.aliveOf(u) }, u);
    const { answers, warnings } = await settlement.settle(u);
    if (!answers) throw new StepFailure(warnings.join('; '), false);
  }

  /** Whatever the signal says: it may be why this is needed. @returns what could not be repaired */
  private async repaired({ progress }: Underway): Promise<string | undefined> {
    const { settlement, patience } = this.parts;
    try {
      const signal = AbortSignal.timeout(patience.repair * 1000);
      const { answers, warnings } = await settlement.settle({ signal, progress });
      return answers && warnings.length === 0 ? undefined : warnings.join('; ');
    } catch (error) {
      return wordsOf(error);
    }
  }

  private async takeOver(u: Underway): Promise<void> {
    const { front } = this.parts;
    // By its own name from now on: the service's name will be the new container's as well, before it can answer.
    await front.left(await front.route({ release: this.previous, hosts: this.from }, u), u);
    let hosts = this.from;
    for (const service of servicesToRoll(this.release, this.previous)) {
      const { name } = await this.beside(service, u);
      hosts = { ...hosts, [service]: name };
    }
    u.progress('switching');
    await front.route({ release: this.release, hosts }, u);
  }

  /** @returns the new container, healthy */
  private async beside(service: RoutedService, u: Underway): Promise<ContainerFacts> {
    const { engine, compose, files, start } = this.parts;
    const of = { project: (await files.project()).name, service };
    const before = (await engine.containers(of, u)).map(({ id }) => id);
    await compose.up(
      files.folder,
      { services: [service], scale: { [service]: before.length + 1 }, recreate: 'never' },
      u,
    );
    const [fresh, ...more] = (await engine.containers(of, u)).filter(({ id }) => !before.includes(id));
    if (!fresh || more.length > 0)
      throw new StepFailure(`compose has not started one more container of ${service}`, false);
    const wanted = this.release[SERVICES[service]];
    if (fresh.imageId !== wanted?.id) {
      throw new StepFailure(
        `${fresh.name} runs ${fresh.imageId}, and not the release’s ${wanted?.id ?? 'nothing'}`,
        false,
      );
    }
    await start.good(fresh, u);
    return fresh;
  }

  /** The old containers by their names; where one has ended meanwhile, the service's, until `settle` has started it. */
  private async aliveOf(u: Underway): Promise<Hosts> {
    const { engine, files } = this.parts;
    const { name: project } = await files.project();
    const alive = { ...this.from };
    for (const service of ['api', 'frontend'] as const) {
      if (alive[service] === BY_SERVICE[service]) continue;
      const all = await engine.containers({ project, service }, u);
      const isAlive = all.some(({ name, running }) => running && name === alive[service]);
      if (!isAlive) alive[service] = BY_SERVICE[service];
    }
    return alive;
  }
}

/** The api always: its settings may have changed where its image has not. */
function servicesToRoll(release: Release, previous: Release): RoutedService[] {
  const { frontend } = release;
  if (!frontend || frontend.id === previous.frontend?.id) return ['api'];
  return ['api', 'frontend'];
}

async function hostsOf({ engine, files }: RollOutParts, services: RoutedService[], u: Underway): Promise<Hosts> {
  const { name: project } = await files.project();
  const hosts = { ...BY_SERVICE } as Record<RoutedService, string>;
  for (const service of services) {
    const [one] = (await engine.containers({ project, service }, u)).filter(({ running }) => running);
    // A frontend that is new has nothing to come beside.
    if (one) hosts[service] = one.name;
  }
  return hosts;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
