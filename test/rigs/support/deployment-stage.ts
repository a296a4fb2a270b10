import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { KeyPairs } from '@tiptop/ops';
import { type OpsEnvironment, SystemClock } from '@tiptop/platform';
import { Client } from 'pg';
import { until } from '../../support/waiting';
import { buildRigImages, type RigImages } from './base-image';
import { freePorts } from './daemon';
import { hastenHealth, makeCheckout } from './deployments/checkout';
import { World } from './deployments/player';
import { DockerEngineRig } from './docker-engine';
import { buildProjectImage } from './project-image';
import { RegistryRig } from './registry';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Longer than anything that a command of these rigs is at: one that hangs fails, and leaves nothing. */
const COMMAND_MS = 280_000;
const IDLE_MS = 90_000;
const SMALL_IMAGE = 'rig-small:1';

/** An engine and a registry with this project's image in them: what every environment of a rig stands on. */
export class DeploymentGround {
  private constructor(
    readonly engine: DockerEngineRig,
    readonly registry: RegistryRig,
    readonly images: RigImages,
    /** Built from this project's Dockerfile: `127.0.0.1:port/backend:1.0.0`. */
    readonly first: string,
  ) {}

  static async lay(): Promise<DeploymentGround> {
    const engine = await DockerEngineRig.start({ network: true });
    const registry = await RegistryRig.start();
    try {
      const images = await buildRigImages(engine);
      const first = `${registry.host}/backend:1.0.0`;
      await buildProjectImage(engine, images.base, { tag: first, version: '1.0.0' });
      return new DeploymentGround(engine, registry, images, first);
    } catch (error) {
      // Why it could not be laid says more than that it could not be cleared either.
      await Promise.allSettled([registry.stop(), engine.stop()]);
      throw error;
    }
  }

  /** Gives an image another name in the registry. */
  async publish(image: string, repository: string, tag: string): Promise<void> {
    const name = `${this.registry.host}/${repository}:${tag}`;
    await this.engine.docker('tag', image, name);
    await this.engine.slowly(COMMAND_MS, ['push', name]);
  }

  async clear(): Promise<void> {
    try {
      await this.engine.stop();
    } finally {
      await this.registry.stop();
    }
  }
}

/** How a command ended. */
export interface CommandEnd {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A command of tiptop that runs. */
export interface Command {
  child: ChildProcess;
  /** What it has said on stderr so far. */
  said: () => string;
  ended: Promise<CommandEnd>;
}

/** What `tiptop deploy --json` prints, as far as these rigs look at it. */
export interface DeploymentDocument {
  id: string;
  status: string;
  kind: string;
  tag: string | null;
  actor: string;
  reason: string | null;
  snapshot: string | null;
  version: string | null;
  recoverySeconds: number | null;
  warnings: string[];
  steps: { name: string; status: string; detail: string; startedAt: string; finishedAt: string }[];
  release: { backend: { digest: string; id: string } } | null;
  previous: { backend: { digest: string; id: string } } | null;
}

/** An environment on the ground, with a checkout that it is deployed to from. */
export class DeploymentStage {
  readonly folder: string;
  readonly checkout: string;

  private constructor(
    readonly ground: DeploymentGround,
    readonly environment: OpsEnvironment,
    private readonly ports: { https: number; http: number; postgres: number },
  ) {
    this.folder = join(ground.engine.folder, environment);
    this.checkout = join(ground.engine.folder, `checkout-${environment}`);
  }

  /** With a checkout, and with the settings that keep it off this machine's own ports and folders; nothing is prepared. */
  static async set(ground: DeploymentGround, environment: OpsEnvironment): Promise<DeploymentStage> {
    const [https = 0, http = 0, postgres = 0] = await freePorts(3);
    const stage = new DeploymentStage(ground, environment, { https, http, postgres });
    await mkdir(stage.checkout);
    await makeCheckout(stage.checkout);
    await hastenHealth(stage.checkout);
    await mkdir(stage.folder);
    const letsencrypt = join(ground.engine.folder, 'letsencrypt');
    await mkdir(letsencrypt, { recursive: true });
    await ground.engine.build(SMALL_IMAGE, [10_000]);
    const backups = join(ground.engine.folder, `backups-${environment}`);
    const settings = {
      BACKUP_DIR: backups,
      BACKUP_DIR_ON_HOST: backups,
      BIND_ADDRESS: '127.0.0.1',
      HTTP_PORT: http,
      POSTGRES_PORT: postgres,
      LETSENCRYPT_DIR: letsencrypt,
      BACKUP_CONFIG_OPTIONAL_PATHS: letsencrypt,
      // Small, so that the backup that the calendar wants is quick.
      BACKUP_IMAGES: SMALL_IMAGE,
      BACKUP_RETRY_SECONDS: 1,
      DEPLOY_HEALTH_SECONDS: 1,
      // This machine may be busy with other things as well.
      DEPLOY_HEALTH_TRIES: 60,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(stage.folder, '.env'), lines.join(''), { mode: 0o600 });
    return stage;
  }

  /** `tiptop deploy prepare`, with everything that it wants. */
  async prepare(...more: string[]): Promise<CommandEnd> {
    const keys = new KeyPairs(new SystemClock());
    const recipients = [(await keys.generate()).recipient, (await keys.generate()).recipient].join(',');
    return this.succeeding([
      ...['deploy', 'prepare', '--env', this.environment, '--public-url', this.publicUrl, '--path', this.folder],
      ...['--registry', this.ground.registry.host, '--recipients', recipients],
      ...more,
    ]);
  }

  /** As somebody does who does not know that it was done, with what every preparation has to be told. */
  async prepareAgain(): Promise<CommandEnd> {
    const place = ['--public-url', this.publicUrl, '--path', this.folder];
    return this.succeeding(['deploy', 'prepare', '--env', this.environment, ...place, '--json']);
  }

  get publicUrl(): string {
    return `https://127.0.0.1:${this.ports.https}`;
  }

  get certificate(): string {
    return join(this.folder, 'certificates/fullchain.pem');
  }

  /** As somebody outside sees it. */
  async world(): Promise<World> {
    return new World(new URL(this.publicUrl), await readFile(this.certificate, 'utf8'));
  }

  /** What a process has that works with this environment's checkout. */
  get variables(): Record<string, string> {
    const { HOME, DOCKER_HOST } = this.ground.engine.environment;
    // Node.js grumbles about one that is not there yet.
    const believed = existsSync(this.certificate) ? { NODE_EXTRA_CA_CERTS: this.certificate } : {};
    return { PATH, HOME, DOCKER_HOST, ...believed };
  }

  /** Starts tiptop in the checkout, compiled and in a process of its own, as Jenkins does. */
  start(args: readonly string[], input = '', variables: Record<string, string> = {}): Command {
    const program = join(this.checkout, 'dist/apps/cli/src/main.js');
    const child = spawn(process.execPath, [program, ...args], {
      cwd: this.checkout,
      env: { ...this.variables, ...variables },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: COMMAND_MS,
      killSignal: 'SIGKILL',
    });
    child.stdin.on('error', () => undefined).end(input);
    let said = '';
    child.stderr.on('data', (part: Buffer) => (said += part.toString()));
    const exited = new Promise<number | null>((settle) => child.once('close', settle));
    const ended = Promise.all([text(child.stdout), exited]).then(([stdout, exitCode]) => ({
      exitCode,
      stdout,
      stderr: said,
    }));
    return { child, said: () => said, ended };
  }

  async tiptop(args: readonly string[], input = ''): Promise<CommandEnd> {
    return this.start(args, input).ended;
  }

  /** @throws Error with all that it said, where it does not end with 0 */
  async succeeding(args: readonly string[], input = '', variables: Record<string, string> = {}): Promise<CommandEnd> {
    const end = await this.start(args, input, variables).ended;
    if (end.exitCode === 0) return end;
    throw new Error(`tiptop ${args.join(' ')} ended with ${end.exitCode ?? '?'}: ${end.stdout}${end.stderr}`);
  }

  /** `tiptop deploy --tag`. @returns its document, and how it ended */
  async deploy(
    tag: string,
    ...more: string[]
  ): Promise<DeploymentDocument & { exitCode: number | null; said: string }> {
    return this.telling(['deploy', '--env', this.environment, '--tag', tag, ...more]);
  }

  /**
   * Waits until nothing is at work: an ops that has come up makes the backup that the calendar has missed, and a deployment is
   * refused meanwhile.
   */
  async untilIdle(): Promise<void> {
    const done = `SELECT EXISTS (SELECT FROM backup_runs WHERE trigger <> 'deployment' AND finished_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM operation_leases) AS idle`;
    await until(
      'nothing is at work',
      async () => (await this.query<{ idle: boolean }>(done))[0]?.idle === true,
      IDLE_MS,
    );
  }

  /** With settings in the place of those in `.env`. */
  async deployWith(
    variables: Record<string, string>,
    tag: string,
  ): Promise<DeploymentDocument & { exitCode: number | null; said: string }> {
    return this.telling(['deploy', '--env', this.environment, '--tag', tag], variables);
  }

  async rollBack(...more: string[]): Promise<DeploymentDocument & { exitCode: number | null; said: string }> {
    return this.telling(['rollback', '--env', this.environment, ...more]);
  }

  private async telling(
    args: string[],
    variables: Record<string, string> = {},
  ): Promise<DeploymentDocument & { exitCode: number | null; said: string }> {
    const { exitCode, stdout, stderr } = await this.start([...args, '--json'], '', variables).ended;
    const document = JSON.parse(stdout) as DeploymentDocument | { error: object };
    if ('error' in document) throw new Error(`tiptop ${args.join(' ')}: ${stdout}${stderr}`);
    return { ...document, exitCode, said: `${stdout}${stderr}` };
  }

  /** For commands that change the schema. */
  asOwner(): Record<string, string> {
    return { DATABASE_URL_FILE: join(this.folder, 'host-secrets/owner_database_url') };
  }

  /** As the owner of the database. */
  async query<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    const url = await readFile(join(this.folder, 'host-secrets/owner_database_url'), 'utf8');
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<T>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Containers of a service: id, image id and state, the oldest first. */
  async containers(service: string): Promise<{ id: string; image: string; state: string }[]> {
    const labels = { project: `the-tip-top-${this.environment}`, service, oneoff: 'False' };
    const filters = Object.entries(labels).flatMap(([key, value]) => [
      '--filter',
      `label=com.docker.compose.${key}=${value}`,
    ]);
    const ids = await this.ground.engine.docker('ps', '--all', '--quiet', '--no-trunc', ...filters);
    if (ids === '') return [];
    const format = '{{.Id}} {{.Image}} {{.State.Status}}';
    const lines = await this.ground.engine.docker('inspect', '--format', format, ...ids.split('\n').reverse());
    return lines.split('\n').map((line) => {
      const [id = '', image = '', state = ''] = line.split(' ');
      return { id, image, state };
    });
  }
}
