import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppConfig, loadConfig } from '@tiptop/platform';
import { StepFailure } from '../../backups/backup-source';
import type { Compose, UpOptions } from '../containers/compose';
import type { ContainerEngine, ContainerFacts, ServiceName } from '../containers/container-engine';
import type { EngineRoom } from '../containers/engine-room';
import type { Release } from '../release';
import { SERVICES, type ServiceOfRelease } from '../rollout/images-file';
import { ReleaseFiles } from '../rollout/release-files';
import { RollOut } from '../rollout/roll-out';

interface Living extends ContainerFacts {
  service: string;
  oneOff: boolean;
}

/** An environment in a folder of its own, with an engine and a compose that do as they are told, in memory. */
export class SampleEnvironment {
  readonly containers: Living[] = [];
  /** What was done to the engine, in order, without questions. */
  readonly done: string[] = [];
  /** Why nginx does not take its configuration. */
  nginxFault: string | undefined;
  /** Images whose containers never get healthy. */
  readonly sick = new Set<string>();
  refusal: string | undefined;
  readonly files: ReleaseFiles;
  readonly rollOut: RollOut;
  readonly underway = { signal: new AbortController().signal, progress: () => undefined };
  private count = 0;
  private worker = 100;

  private constructor(
    readonly folder: string,
    settings: Record<string, string>,
  ) {
    const env = { NODE_ENV: 'test', DATA_DIR: folder, DEPLOY_PATH: folder, DEPLOY_SOURCE: folder };
    const registry = { REGISTRY: 'registry.example:5000/tip-top', OPS_ENVIRONMENT: 'prod' };
    const config: AppConfig = loadConfig({ ...env, ...registry, ...settings });
    this.files = new ReleaseFiles(config);
    const room = { refusal: async () => Promise.resolve(this.refusal) } as unknown as EngineRoom;
    this.rollOut = new RollOut(config, this.engine(), this.compose(), this.files, room);
  }

  static async make(settings: Record<string, string> = {}): Promise<SampleEnvironment> {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-environment-'));
    const compose = 'COMPOSE_PROJECT_NAME=the\nCOMPOSE_FILE=docker-compose.yml:docker-compose.images.yml\n';
    await writeFile(join(folder, '.env'), compose);
    const environment = new SampleEnvironment(folder, settings);
    environment.add('nginx', 'sha256:nginx');
    return environment;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A container that is there. @returns its name */
  add(service: string, imageId: string, changes: Partial<Living> = {}): string {
    const id = `${++this.count}`;
    const name = `the_${service}_${id}`;
    const facts = { id, name, imageId, image: imageId, running: true, health: 'healthy', restarts: 0 } as const;
    const rest = { exitCode: 0, memoryLimit: 1024, createdAt: new Date(this.count), service, oneOff: false };
    this.containers.push({ ...facts, ...rest, ...changes });
    return changes.name ?? name;
  }

  /** All services of a release, each by one container. */
  addAll(release: Release): void {
    for (const service of Object.keys(SERVICES) as ServiceOfRelease[]) {
      const image = release[SERVICES[service]];
      if (image) this.add(service, image.id);
    }
  }

  named(service: string): string[] {
    return this.containers.filter((one) => one.service === service).map(({ name }) => name);
  }

  private of({ service }: ServiceName, oneOff: boolean): ContainerFacts[] {
    return this.containers.filter((one) => one.service === service && one.oneOff === oneOff);
  }

  private engine(): ContainerEngine {
    const nameOf = (id: string): string => this.containers.find((one) => one.id === id)?.name ?? id;
    const engine = {
      containers: async (of: ServiceName) => Promise.resolve(this.of(of, false)),
      commands: async (of: ServiceName) => Promise.resolve(this.of(of, true)),
      container: async (id: string) => Promise.resolve(this.containers.find((one) => one.id === id)),
      image: async () => Promise.resolve(undefined),
      logs: async () => Promise.resolve('its last words'),
      stop: async (id: string) => Promise.resolve(this.done.push(`stop ${nameOf(id)}`)),
      remove: async (id: string) => {
        this.done.push(`remove ${nameOf(id)}`);
        this.containers.splice(this.containers.findIndex((one) => one.id === id) >>> 0, 1);
        return Promise.resolve();
      },
      exec: async (_id: string, args: readonly string[]) => this.exec(args),
      processes: async () => Promise.resolve([{ pid: this.worker, title: 'nginx: worker process' }]),
    };
    return engine as unknown as ContainerEngine;
  }

  private async exec(args: readonly string[]): Promise<string> {
    if (args.includes('-t') && this.nginxFault !== undefined) throw new StepFailure(this.nginxFault, false);
    if (args.includes('reload')) {
      const routes = await this.files.routes();
      this.done.push(`nginx → ${routes?.hosts.api ?? '?'}`);
      this.worker++;
    }
    return '';
  }

  private compose(): Compose {
    const compose = {
      check: async () => Promise.resolve(),
      pull: async () => Promise.resolve(),
      run: async (_folder: string, service: string, args: string[]) =>
        Promise.resolve(`${'so far so good\n'.repeat(500)}${service} ${args.join(' ')}\n`),
      up: async (_folder: string, options: UpOptions) => this.up(options),
    };
    return compose as unknown as Compose;
  }

  private async up({ services, scale = {}, recreate }: UpOptions): Promise<void> {
    const images = await this.files.images();
    for (const service of services as ServiceOfRelease[]) {
      this.done.push(`up ${service}`);
      const id = images?.[SERVICES[service]]?.id ?? 'sha256:nothing';
      const there = this.containers.filter((one) => one.service === service);
      const stay = there
        .filter((one) => recreate === 'never' || (recreate === 'changed' && one.imageId === id))
        .slice(0, scale[service] ?? 1);
      for (const one of there.filter((each) => !stay.includes(each))) {
        this.containers.splice(this.containers.indexOf(one), 1);
      }
      for (let n = stay.length; n < (scale[service] ?? 1); n++) {
        this.add(service, id, { health: this.sick.has(id) ? 'unhealthy' : 'healthy' });
      }
    }
  }
}
