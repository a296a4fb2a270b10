import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, freePorts } from './daemon';

const PATIENCE_MS = 20_000;
const PAUSE_MS = 50;

/** Whom a registry with a login lets in. */
export const REGISTRY_LOGIN = { user: 'rig', password: 'a-password-of-the-rig' } as const;
/** What `htpasswd -B` makes of it; of few rounds, so that it is quick. */
const HTPASSWD = 'rig:$2b$04$f80FRlZOaiqJFg3u8/w6n.9avUi9HOs6Ts/xfU6h6lLoB7/aDFqOW\n';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** A registry of images on loopback for as long as the test runs, which lets tags be removed. */
export class RegistryRig {
  private constructor(
    readonly folder: string,
    /** `127.0.0.1:port`, as names of images begin. */
    readonly host: string,
    private readonly login: boolean,
    private daemon: Daemon,
  ) {}

  /** @param options.login whether it lets in none but REGISTRY_LOGIN */
  static async start({ login = false } = {}): Promise<RegistryRig> {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-registry-'));
    const [port = 0] = await freePorts(1);
    const host = `127.0.0.1:${port}`;
    await writeFile(join(folder, 'htpasswd'), HTPASSWD);
    await writeFile(join(folder, 'config.yml'), settings(folder, host, login));
    const rig = new RegistryRig(folder, host, login, startDaemon(folder));
    await rig.ready();
    return rig;
  }

  /** As a machine's fall ends it: at once. */
  crash(): void {
    process.kill(this.daemon.pid, 'SIGKILL');
  }

  /** Makes it stand still, as it is. */
  freeze(): void {
    process.kill(this.daemon.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.daemon.pid, 'SIGCONT');
  }

  /** After crash(), on the same images and the same port. */
  async restart(): Promise<void> {
    await this.daemon.stop();
    this.daemon = startDaemon(this.folder);
    await this.ready();
  }

  /** @param path below `/v2/` */
  async ask(
    path: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = { accept: MANIFEST, ...(this.login && { authorization: basic() }), ...init.headers };
    return fetch(`http://${this.host}/v2/${path}`, { ...init, headers });
  }

  /** Sorted; none where there is no such repository. */
  async tags(repository: string): Promise<string[]> {
    const answer = await this.ask(`${repository}/tags/list`);
    const { tags } = (await answer.json()) as { tags?: string[] | null };
    return [...(tags ?? [])].sort();
  }

  /** @returns undefined where there is no such tag */
  async digest(repository: string, tag: string): Promise<string | undefined> {
    const answer = await this.ask(`${repository}/manifests/${tag}`, { method: 'HEAD' });
    return answer.headers.get('docker-content-digest') ?? undefined;
  }

  /** Gives a tag to the image of another one, as somebody else's push does. */
  async retag(repository: string, from: string, to: string): Promise<void> {
    const manifest = await (await this.ask(`${repository}/manifests/${from}`)).text();
    const headers = { 'content-type': MANIFEST };
    const answer = await this.ask(`${repository}/manifests/${to}`, { method: 'PUT', body: manifest, headers });
    if (answer.status !== 201) throw new Error(`The registry answered ${answer.status}`);
  }

  /** An image with all its tags. */
  async remove(repository: string, digest: string): Promise<void> {
    const answer = await this.ask(`${repository}/manifests/${digest}`, { method: 'DELETE' });
    if (answer.status !== 202) throw new Error(`The registry answered ${answer.status}`);
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** A folder for DOCKER_CONFIG with the login in it, as `docker login` leaves it. */
  async loggedIn(): Promise<string> {
    const folder = join(this.folder, 'docker');
    await mkdir(folder, { recursive: true });
    const auth = basic().slice('Basic '.length);
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [this.host]: { auth } } }), { mode: 0o600 });
    return folder;
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      this.daemon.requireAlive();
      const answered = await this.ask('').then(
        ({ status }) => status === 200,
        () => false,
      );
      if (answered) return;
      if (Date.now() > deadline) throw new Error(`The registry did not answer: ${this.daemon.log()}`);
      await sleep(PAUSE_MS);
    }
  }
}

function basic(): string {
  const { user, password } = REGISTRY_LOGIN;
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function settings(folder: string, host: string, login: boolean): string {
  const lines = [
    'version: 0.1',
    'log: { level: warn, accesslog: { disabled: true } }',
    'storage:',
    `  filesystem: { rootdirectory: ${join(folder, 'images')} }`,
    '  delete: { enabled: true }',
    `http: { addr: '${host}', secret: of-this-rig-and-of-nothing-else }`,
  ];
  if (login) lines.push(`auth: { htpasswd: { realm: rig, path: ${join(folder, 'htpasswd')} } }`);
  return `${lines.join('\n')}\n`;
}

function startDaemon(folder: string): Daemon {
  return Daemon.start('docker-registry', ['serve', join(folder, 'config.yml')]);
}
