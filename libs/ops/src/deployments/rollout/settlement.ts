import { StepFailure } from '../../backups/backup-source';
import type { Compose } from '../containers/compose';
import type { ContainerEngine, ContainerFacts } from '../containers/container-engine';
import type { Underway } from '../deployment-watch';
import { isSameRelease, type Release } from '../release';
import type { ContainerStart } from './container-start';
import { SERVICES, type ServiceOfRelease } from './images-file';
import type { NginxFront } from './nginx-front';
import type { Patience } from './patience';
import type { ReleaseFiles } from './release-files';
import { BY_SERVICE, type Hosts, ROUTED, type RoutedService } from './upstreams-file';

/** What was put in order. */
export interface Settled {
  /** The release that requests shall be answered by; undefined where none has ever been switched to. */
  release: Release | undefined;
  /** Whether it is there to answer them. */
  answers: boolean;
  /** What was found and changed, for the log; empty where all was as it should be. */
  done: readonly string[];
  /** What is not as it should be all the same. */
  warnings: readonly string[];
}

/** As it is put together. */
interface Findings {
  answers: boolean;
  done: string[];
  warnings: string[];
}

/** The containers of a service: the one that stays, and the others. */
interface Choice {
  stays: ContainerFacts | undefined;
  others: readonly ContainerFacts[];
}

/**
 * Puts an environment in order, whenever a deployment has ended without doing so: exactly one container of each service
 * that nginx passes requests on to, of one release, and compose's files in agreement with it.
 *
 * Which release: the one in the file of nginx's routes. It is written when a release is switched to, by one rename, and by
 * nothing before: a deployment that died earlier leaves the old release, one that died later the new one.
 *
 * A release that does not start, and a configuration that nginx does not take, are warnings: the next deployment may be
 * the one that mends them.
 */
export class Settlement {
  constructor(
    private readonly engine: ContainerEngine,
    private readonly compose: Compose,
    private readonly files: ReleaseFiles,
    private readonly front: NginxFront,
    private readonly start: ContainerStart,
    private readonly patience: Patience,
  ) {}

  /** May be called at any time, and again after a failure. @throws StepFailure where the engine does not do as it is told */
  async settle(u: Underway): Promise<Settled> {
    const routes = await this.files.routes();
    // Nothing has answered yet, so that nothing is to be gone back to; a first deployment may be begun again.
    if (!routes) return { release: undefined, answers: false, done: [], warnings: [] };
    const { release, hosts } = routes;
    const found: Findings = { answers: true, done: [], warnings: [] };
    if (!(await this.composeStarts(release))) {
      await this.files.writeImages(release);
      found.done.push('compose starts the release again that answers');
    }
    found.done.push(...(await this.endCommands(u)));
    const choices = await this.choices(release, hosts, u);
    const isAlone = await this.leaveOne(release, choices, found, u);
    const isByService = ROUTED.every((service) => hosts[service] === BY_SERVICE[service]);
    if (isAlone && (found.done.length > 0 || !isByService)) {
      await this.attempt('nginx was not told', found, u, async () =>
        this.front.route({ release, hosts: BY_SERVICE }, u),
      );
    }
    await this.attempt('ops does not run the release', found, u, async () => this.settleOps(release, found, u));
    return { release, ...found };
  }

  /** A file that somebody has changed says nothing that counts. */
  private async composeStarts(release: Release): Promise<boolean> {
    const images = await this.files.images().catch(() => undefined);
    return images !== undefined && isSameRelease(images, release);
  }

  /** A container of `compose run` outlives who has asked for it. */
  private async endCommands(u: Underway): Promise<string[]> {
    const { name: project } = await this.files.project();
    const commands = await this.engine.commands({ project, service: 'ops' }, u);
    for (const { id, running } of commands) {
      if (running) await this.engine.stop(id, this.patience.grace, u);
      await this.engine.remove(id, u);
    }
    return commands.map(({ name }) => `removed ${name}, which a command was run in`);
  }

  private async choices(release: Release, hosts: Hosts, u: Underway): Promise<Map<RoutedService, Choice>> {
    const { name: project } = await this.files.project();
    const choices = new Map<RoutedService, Choice>();
    for (const service of ROUTED) {
      const image = release[SERVICES[service]];
      if (!image) continue;
      const all = await this.engine.containers({ project, service }, u);
      const stays = theOneOf(all, image.id, hosts[service]);
      choices.set(service, { stays, others: all.filter((one) => one !== stays) });
    }
    return choices;
  }

  /** @returns whether each service has one container, or none where it does not start */
  private async leaveOne(
    release: Release,
    choices: Map<RoutedService, Choice>,
    found: Findings,
    u: Underway,
  ): Promise<boolean> {
    const others = [...choices.values()].flatMap((choice) => choice.others);
    const missing = [...choices].filter(([, { stays }]) => !stays).map(([service]) => service);
    // By its own name while others have the service's name as well.
    const hosts: Hosts = {
      api: choices.get('api')?.stays?.name ?? BY_SERVICE.api,
      frontend: choices.get('frontend')?.stays?.name ?? BY_SERVICE.frontend,
    };
    if (others.length > 0 && missing.length < choices.size) {
      const turned = await this.attempt('nginx was not told, and old containers stay', found, u, async () => {
        await this.front.left(await this.front.route({ release, hosts }, u), u);
      });
      // Requests may still go to any of them.
      if (!turned) return false;
    }
    for (const { id, name, running } of others) {
      u.progress(`stopping ${name}`);
      if (running) await this.engine.stop(id, this.patience.grace, u);
      await this.engine.remove(id, u);
      found.done.push(`removed ${name}`);
    }
    for (const service of missing) {
      const started = await this.attempt(`${service} does not run`, found, u, async () =>
        this.bring(service, release, u),
      );
      if (started) found.done.push(`started ${service}`);
      else found.answers = false;
    }
    return true;
  }

  /** @returns whether it was done; otherwise it is a warning. @throws where it was cut short */
  private async attempt(
    what: string,
    { warnings }: Findings,
    u: Underway,
    work: () => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof StepFailure) || u.signal.aborted) throw error;
      warnings.push(`${what}: ${error.message}`);
      return false;
    }
  }

  private async bring(service: ServiceOfRelease, release: Release, u: Underway): Promise<void> {
    const options = { services: [service], scale: { [service]: 1 }, recreate: 'changed' } as const;
    await this.compose.up(this.files.folder, options, u);
    const { name: project } = await this.files.project();
    const all = await this.engine.containers({ project, service }, u);
    const one = theOneOf(all, release[SERVICES[service]]?.id ?? '', '');
    if (!one) throw new StepFailure(`${service} does not run what compose was told to start`, false);
    await this.start.good(one, u);
  }

  private async settleOps(release: Release, { done }: Findings, u: Underway): Promise<void> {
    const { name: project } = await this.files.project();
    const all = await this.engine.containers({ project, service: 'ops' }, u);
    if (all.length === 1 && theOneOf(all, release.backend.id, '')) return;
    await this.bring('ops', release, u);
    done.push('started ops of the release');
  }
}

/** Of the running ones of an image: the one that requests go to; failing that a healthy one; failing that the oldest. */
function theOneOf(all: readonly ContainerFacts[], imageId: string, host: string): ContainerFacts | undefined {
  const fit = all.filter((one) => one.running && one.imageId === imageId);
  return fit.find(({ name }) => name === host) ?? fit.find(({ health }) => health === 'healthy') ?? fit[0];
}
