import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { transformFile } from '@swc/core';
import { Compose } from '../../../../libs/ops/src/deployments/containers/compose';
import { ContainerEngine, pinnedImage } from '../../../../libs/ops/src/deployments/containers/container-engine';
import { EngineProgram } from '../../../../libs/ops/src/deployments/containers/engine-program';
import { EngineRoom } from '../../../../libs/ops/src/deployments/containers/engine-room';
import type { PinnedImage, Release } from '../../../../libs/ops/src/deployments/release';
import { ReleaseFiles } from '../../../../libs/ops/src/deployments/rollout/release-files';
import { RollOut } from '../../../../libs/ops/src/deployments/rollout/roll-out';
import { Processes } from '../../../../libs/ops/src/processes/processes';
import { loadConfig } from '../../../../libs/platform/src';
import { programFolder } from '../../../support/compiled-program';
import { buildRigImages } from '../base-image';
import { freePorts } from '../daemon';
import { DockerEngineRig } from '../docker-engine';
import { RegistryRig } from '../registry';
import { ask } from './asking-client';
import { NGINX, SERVER, composeText } from './rollout-texts';
import type { RollOutTask } from './rollout-program';

const run = promisify(execFile);
const PROGRAM = 'test/rigs/support/rollout/rollout-program';
const NEVER = new AbortController().signal;

export interface RunningContainer {
  name: string;
  image: string;
}

/** An environment on a real engine: a registry, compose files, nginx, and releases of a small service. */
export class RollOutStage {
  readonly underway = { signal: NEVER, progress: () => undefined };
  readonly rollOut: RollOut;
  readonly files: ReleaseFiles;
  readonly engine: ContainerEngine;

  private constructor(
    readonly docker: DockerEngineRig,
    private readonly registry: RegistryRig,
    readonly folder: string,
    private readonly program: string,
    readonly url: string,
    readonly env: Record<string, string>,
    private readonly nginxImage: string,
  ) {
    ({ rollOut: this.rollOut, files: this.files, engine: this.engine } = this.parts());
  }

  static async start(): Promise<RollOutStage> {
    const docker = await DockerEngineRig.start({ network: true });
    const images = await buildRigImages(docker);
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-rollout-'));
    const [port = 0] = await freePorts(1);
    const registry = await RegistryRig.start();
    const path = join(folder, 'prod');
    const env = {
      NODE_ENV: 'test',
      DATA_DIR: join(folder, 'data'),
      OPS_ENVIRONMENT: 'prod',
      DOCKER_HOST: docker.host,
      DEPLOY_PATH: path,
      DEPLOY_SOURCE: path,
      DEPLOY_FRONTEND: 'on',
      REGISTRY: registry.host,
    };
    const program = await compiled();
    const url = `http://127.0.0.1:${port}`;
    const stage = new RollOutStage(docker, registry, path, program, url, env, images.nginx);
    await stage.write(port);
    await stage.base(images.base);
    return stage;
  }

  /** The pieces, with other settings. */
  parts(settings: Record<string, string> = {}, processes = new Processes()) {
    const config = loadConfig({ ...this.env, ...settings });
    const program = new EngineProgram(config, processes);
    const [engine, compose, files] = [new ContainerEngine(program), new Compose(program), new ReleaseFiles(config)];
    return {
      engine,
      compose,
      files,
      rollOut: new RollOut(config, engine, compose, files, new EngineRoom(config, engine)),
    };
  }

  /** Builds a release and gives it to the registry. */
  async release(backend: string, frontend = 'site-1'): Promise<Release> {
    return { backend: await this.image('backend', backend), frontend: await this.image('frontend', frontend) };
  }

  /** Does all that a deployment does to containers, up to the point where it is to prove itself. */
  async switchTo(release: Release, rollOut = this.rollOut) {
    await rollOut.stage(release, this.underway);
    return rollOut.switchTo(release, this.underway);
  }

  /** In a process of its own, which is killed on the way. @throws where it was not */
  async dieOnTheWayTo(
    release: Release,
    kill: RollOutTask['kill'],
    settings: Record<string, string> = {},
  ): Promise<void> {
    const task: RollOutTask = { env: { ...this.env, ...settings }, release, kill };
    const env = { PATH: process.env['PATH'] ?? '' };
    const ended = await run(process.execPath, [this.program, JSON.stringify(task)], { env }).then(
      ({ stdout }) => `it did its work: ${stdout}`,
      (error: unknown) => {
        const { signal, stderr } = error as { signal?: string; stderr?: string };
        return signal === 'SIGKILL' ? undefined : stderr;
      },
    );
    if (ended !== undefined) throw new Error(`The process was not killed: ${ended}`);
  }

  /** Those of a service, running or not. */
  async containers(service: string): Promise<RunningContainer[]> {
    const all = await this.engine.containers({ project: 'the', service }, this.underway);
    return all.map(({ name, imageId, running }) => ({ name: running ? name : `${name} (ended)`, image: imageId }));
  }

  /** Waits until something answers. @returns the release that does */
  async answering(path = '/'): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await ask(`${this.url}${path}`)).split(' ')[0] ?? '';
      } catch (error) {
        if (attempt === 100) throw error;
        await pause(100);
      }
    }
  }

  async stop(): Promise<void> {
    await this.docker.stop();
    await this.registry.stop();
    await rm(resolve(this.folder, '..'), { recursive: true, force: true });
    await rm(resolve(this.program, '../../../../..'), { recursive: true, force: true });
  }

  private async image(part: 'backend' | 'frontend', release: string): Promise<PinnedImage> {
    const repository = `${this.registry.host}/${part}`;
    const name = `${repository}:${release}`;
    const context = await mkdtemp(join(this.docker.folder, 'release-'));
    const lines = ['FROM tiptop-rig/service', `ENV RELEASE=${release}`];
    lines.push(`LABEL org.opencontainers.image.version=${release}`);
    await writeFile(join(context, 'Dockerfile'), lines.join('\n'));
    await this.docker.docker('build', '--quiet', '--tag', name, context);
    await rm(context, { recursive: true });
    const digest = await this.engine.push(name, this.underway);
    const facts = await this.engine.image(name, this.underway);
    const pinned = facts && pinnedImage(repository, facts, digest);
    if (!pinned) throw new Error(`${name} was not built`);
    return pinned;
  }

  private async base(image: string): Promise<void> {
    const context = await mkdtemp(join(this.docker.folder, 'service-'));
    await writeFile(join(context, 'server.js'), SERVER);
    const tiptop =
      '#!/bin/sh\necho "$RELEASE: $*"\ncase "$RELEASE" in *unmigratable) echo "no way" >&2; exit 1;; esac\n';
    await writeFile(join(context, 'tiptop'), tiptop);
    await chmod(join(context, 'tiptop'), 0o755);
    const lines = [`FROM ${image}`, 'COPY server.js /server.js', 'COPY tiptop /usr/local/bin/tiptop'];
    await writeFile(join(context, 'Dockerfile'), [...lines, 'CMD ["node", "/server.js"]'].join('\n'));
    await this.docker.docker('build', '--quiet', '--tag', 'tiptop-rig/service', context);
  }

  private async write(port: number): Promise<void> {
    const files: Record<string, string> = {
      '.env': [
        'COMPOSE_PROJECT_NAME=the',
        'COMPOSE_FILE=docker-compose.yml:docker-compose.prod.yml:docker-compose.images.yml',
        'THE_PASSWORD=of-the-rig-and-secret',
        '',
      ].join('\n'),
      'docker-compose.yml': composeText(port, this.nginxImage),
      'docker-compose.prod.yml': 'services:\n  api:\n    environment:\n      BOOT_MS: "1500"\n',
      'docker-compose.images.yml': '# Written by tiptop deploy.\nservices: {}\n',
      'state/nginx/upstreams.conf':
        'map "" $api_host {\n  default api;\n}\nmap "" $frontend_host {\n  default frontend;\n}\n',
      'deploy/nginx/nginx.conf': NGINX,
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(this.folder, name, '..'), { recursive: true });
      await writeFile(join(this.folder, name), text);
    }
  }
}

/** The child process, compiled beside the libraries as they were compiled for this run. */
async function compiled(): Promise<string> {
  const folder = await programFolder();
  await symlink(join(folder, 'dist', 'libs'), join(folder, 'libs'));
  const target = join(folder, `${PROGRAM}.js`);
  await mkdir(join(target, '..'), { recursive: true });
  await writeFile(target, (await transformFile(`${PROGRAM}.ts`)).code);
  return target;
}
