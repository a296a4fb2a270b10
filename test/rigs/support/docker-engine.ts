import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Daemon } from './daemon';
import { NetworkRange } from './network-range';

const run = promisify(execFile);
const PATIENCE_MS = 60_000;
/** What moves whole images. */
const SLOW: ReadonlySet<string | undefined> = new Set(['build', 'import', 'load', 'pull', 'push', 'save']);
const SLOW_MS = 240_000;
const PAUSE_MS = 100;
const STOP_MS = 20_000;
const OUTPUT_BYTES = 64 * 1024 * 1024;

/** A container engine for as long as the test runs: its own folder, socket and images. */
export class DockerEngineRig {
  private constructor(
    readonly folder: string,
    private readonly networks: NetworkRange | undefined,
    private daemon: Daemon,
  ) {}

  /**
   * @param options.network with networks, and with layers that are quick to make: to run containers. Without, it keeps
   * images and runs nothing.
   */
  static async start({ network = false } = {}): Promise<DockerEngineRig> {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-docker-'));
    const networks = network ? await NetworkRange.take() : undefined;
    const rig = new DockerEngineRig(folder, networks, startDaemon(folder, networks));
    await rig.ready();
    return rig;
  }

  /** Where it keeps its images. */
  get dataRoot(): string {
    return join(this.folder, 'data');
  }

  get host(): string {
    return `unix://${join(this.folder, 'docker.sock')}`;
  }

  get pid(): number {
    return this.daemon.pid;
  }

  /** For programs that are to use this engine. */
  get environment(): { PATH: string; HOME: string; DOCKER_HOST: string } {
    return { PATH: '/usr/bin:/bin', HOME: this.folder, DOCKER_HOST: this.host };
  }

  /** The stock client. @returns what it prints */
  async docker(...args: string[]): Promise<string> {
    return this.slowly(SLOW.has(args[0]) ? SLOW_MS : PATIENCE_MS, args);
  }

  /** The same for what takes its time: a build, a container that is run to its end. */
  async slowly(patienceMs: number, args: readonly string[], variables: Record<string, string> = {}): Promise<string> {
    const env = { ...this.environment, DOCKER_BUILDKIT: '0', ...variables };
    const options = { env, timeout: patienceMs, maxBuffer: OUTPUT_BYTES };
    const { stdout } = await run('docker', ['--host', this.host, ...args], options);
    return stdout.trim();
  }

  async imageId(reference: string): Promise<string> {
    return this.docker('image', 'inspect', '--format', '{{.Id}}', reference);
  }

  /** An image from nothing, with a layer of random bytes of each size. @returns its id */
  async build(tag: string, layerBytes: readonly number[]): Promise<string> {
    const context = await mkdtemp(join(this.folder, 'build-'));
    const lines = ['FROM scratch'];
    for (const [n, bytes] of layerBytes.entries()) {
      await writeFile(join(context, `layer-${n}`), randomBytes(bytes));
      lines.push(`COPY layer-${n} /`);
    }
    await writeFile(join(context, 'Dockerfile'), [...lines, 'CMD ["/layer-0"]', ''].join('\n'));
    await this.docker('build', '--quiet', '--tag', tag, context);
    await rm(context, { recursive: true });
    return this.imageId(tag);
  }

  /** As `docker import` makes one of a tar. @returns its id */
  async import(tag: string, bytes: number): Promise<string> {
    const context = await mkdtemp(join(this.folder, 'import-'));
    await writeFile(join(context, 'file'), randomBytes(bytes));
    execFileSync('tar', ['-C', context, '-cf', join(context, 'image.tar'), 'file']);
    await this.docker('import', join(context, 'image.tar'), tag);
    await rm(context, { recursive: true });
    return this.imageId(tag);
  }

  /** As a machine's fall ends it. */
  async crash(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.daemon.stop();
    await this.endContainerd();
  }

  /** Makes it stand still, as it is. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** After crash() or halt(), on the same images. */
  async restart(): Promise<void> {
    // A killed one has left the numbers of its processes there, which nobody may have buried yet.
    for (const name of ['docker.pid', 'exec']) await rm(join(this.folder, name), { recursive: true, force: true });
    this.daemon = startDaemon(this.folder, this.networks);
    await this.ready();
  }

  async halt(): Promise<void> {
    await this.daemon.stop(STOP_MS);
    await this.endContainerd();
  }

  async stop(): Promise<void> {
    if (this.networks) await this.clear();
    await this.halt();
    await this.networks?.giveBack();
    await this.unmount();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** An engine that ends leaves its networks to the machine. */
  private async clear(): Promise<void> {
    const containers = await this.docker('ps', '--all', '--quiet');
    if (containers !== '') await this.docker('rm', '--force', '--volumes', ...containers.split('\n'));
    await this.docker('network', 'prune', '--force');
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      this.daemon.requireAlive();
      const answered = await this.docker('version').then(
        () => true,
        () => false,
      );
      if (answered) return;
      if (Date.now() > deadline) throw new Error(`dockerd did not answer: ${this.daemon.log()}`);
      await sleep(PAUSE_MS);
    }
  }

  /** It is a child of the engine, which a killed engine leaves to its fate. */
  private async endContainerd(): Promise<void> {
    const text = await readFile(join(this.folder, 'exec/containerd/containerd.pid'), 'utf8').catch(() => '');
    const pid = Number(text);
    if (!(pid > 1)) return;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    // Its number may be somebody else's by now.
    if (commandLine.includes(this.folder)) process.kill(pid, 'SIGKILL');
  }

  private async unmount(): Promise<void> {
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    const own = mounts.split('\n').flatMap((line) => line.split(' ')[1] ?? []);
    for (const mount of own.filter((path) => path.startsWith(`${this.folder}/`)).reverse()) {
      execFileSync('umount', ['--lazy', mount]);
    }
  }
}

function startDaemon(folder: string, networks: NetworkRange | undefined): Daemon {
  return Daemon.start('dockerd', [
    ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'docker.pid'), '--host', `unix://${join(folder, 'docker.sock')}`],
    ...['--iptables=false', '--ip6tables=false', '--bridge=none'],
    ...(networks ? ['--storage-driver=overlay2', ...networks.options] : ['--storage-driver=vfs']),
  ]);
}
