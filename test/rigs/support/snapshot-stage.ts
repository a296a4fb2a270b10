import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type AppConfig, MovableClock, type OpsConfig } from '@tiptop/platform';
import { ContainerEngine } from '../../../libs/ops/src/deployments/containers/container-engine';
import { EngineProgram } from '../../../libs/ops/src/deployments/containers/engine-program';
import type { Underway } from '../../../libs/ops/src/deployments/deployment-watch';
import type { PinnedImage, Release } from '../../../libs/ops/src/deployments/release';
import type { RegistryClient } from '../../../libs/ops/src/deployments/snapshot/registry/registry-client';
import type { Snapshot, Snapshots } from '../../../libs/ops/src/deployments/snapshot/snapshots';
import { Processes } from '../../../libs/ops/src/processes/processes';
import { opsConfig } from '../../support/ops-config';
import { DockerEngineRig } from './docker-engine';
import { RegistryRig } from './registry';
import { type Backups, givenBackups, snapshotsOn } from './snapshot-program';

/** What an environment's folder holds. */
const FILES: Readonly<Record<string, string>> = {
  '.env': 'COMPOSE_PROJECT_NAME=tiptop\nCOMPOSE_FILE=docker-compose.yml:docker-compose.images.yml\nPASSWORD=hunter2\n',
  'docker-compose.yml': 'services: {}\n',
  'docker-compose.images.yml': 'services: {} # images\n',
  'deploy/nginx/nginx.conf': 'events {}\n',
};
const LAYER_BYTES = 20_000;

export const PARTS = ['backend', 'frontend'] as const;

/** The engine, with something that happens once it has pushed. */
class EngineThatPushed extends ContainerEngine {
  afterPush: (reference: string) => Promise<void> | void = () => undefined;

  override async push(reference: string, underway: Underway): Promise<string> {
    const digest = await super.push(reference, underway);
    await this.afterPush(reference);
    return digest;
  }
}

/** Snapshots on a real engine and a real registry, of a folder of their own. */
export class SnapshotStage {
  readonly clock = new MovableClock();
  told: string[] = [];
  engine!: EngineThatPushed;
  snapshots!: Snapshots;
  client!: RegistryClient;
  private folder!: string;

  private constructor(
    readonly rig: DockerEngineRig,
    readonly registry: RegistryRig,
  ) {}

  static async start(): Promise<SnapshotStage> {
    return new SnapshotStage(...(await Promise.all([DockerEngineRig.start(), RegistryRig.start()])));
  }

  /** DEPLOY_PATH. */
  get home(): string {
    return this.folder;
  }

  /** A folder for the next test, and whatever the last one has changed as it was. */
  async set(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'tiptop-deploy-'));
    await this.plant(this.folder);
    this.clock.reset();
    this.told = [];
    this.wire();
  }

  async strike(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    for (const name of await this.localTags()) await this.rig.docker('image', 'rm', name);
  }

  async stop(): Promise<void> {
    await Promise.all([this.rig.stop(), this.registry.stop()]);
  }

  async plant(folder: string): Promise<void> {
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  }

  config(ops: Partial<OpsConfig> = {}, deploy: Partial<OpsConfig['deploy']> = {}): AppConfig {
    const base = opsConfig({}).ops;
    return opsConfig({
      environment: 'prod',
      dockerHost: this.rig.host,
      attempts: 2,
      retrySeconds: 0,
      stepSeconds: 60,
      stallSeconds: 30,
      deploy: { ...base.deploy, path: this.folder, ...deploy },
      ...ops,
    });
  }

  /** Snapshots of these settings. */
  wire(config = this.config(), backups: Backups = givenBackups()): void {
    this.engine = new EngineThatPushed(new EngineProgram(config, new Processes()));
    ({ snapshots: this.snapshots, client: this.client } = snapshotsOn(config, backups, this.engine, this.clock));
  }

  /** Built, tagged and pushed, as the pipeline does. */
  async release(tag: string): Promise<Release> {
    return { backend: await this.image('backend', tag), frontend: await this.image('frontend', tag) };
  }

  async take(release: Release, onProgress: (text: string) => void = () => undefined): Promise<Snapshot> {
    return this.snapshots.take({ release, deployment: 'd-1' }, this.underway(onProgress));
  }

  underway(onProgress: (text: string) => void = () => undefined): Underway {
    const progress = (text: string): void => {
      this.told.push(text);
      onProgress(text);
    };
    return { signal: new AbortController().signal, progress };
  }

  async folders(): Promise<string[]> {
    return (await readdir(join(this.folder, 'snapshots'))).sort();
  }

  /** Of the engine, with the registry's address. */
  async localTags(): Promise<string[]> {
    const names = (await this.rig.docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
    return names.filter((name) => name.includes(':backup-')).sort();
  }

  /** There is none, nothing of it is left in the folder and in the engine, and people are told why. */
  async expectRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
    const failure = await work.then(
      () => new Error('It was taken'),
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ name: 'StepFailure', mayPass: false });
    expect(failure.message).toMatch(/^The snapshot backup-\d{8}-\d{6} is not whole, so nothing is deployed: /);
    expect(failure.message).toMatch(message);
    expect(await this.snapshots.list()).toEqual([]);
    expect([await this.folders(), await this.localTags()]).toEqual([[], []]);
  }

  async expectNextOneWorks(release: Release): Promise<void> {
    this.wire();
    const { tag, warnings } = await this.take(release);
    expect([warnings, await this.folders()]).toEqual([[], [tag]]);
    expect(await this.localTags()).toEqual(PARTS.map((part) => `${this.registry.host}/${part}:${tag}`));
    await this.snapshots.verify(tag, this.underway());
  }

  async image(name: string, tag: string): Promise<PinnedImage> {
    const repository = `${this.registry.host}/${name}`;
    const id = await this.rig.build(`${repository}:${tag}`, [LAYER_BYTES]);
    const said = await this.rig.docker('push', `${repository}:${tag}`);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1] ?? '';
    return { repository, digest, id, version: null, revision: null };
  }
}
