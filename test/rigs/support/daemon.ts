import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const OUTPUT_BYTES = 8192;

/** A server of the machine's own, for as long as the test runs: it dies with the test, killed or not. */
export class Daemon {
  private output = '';
  private readonly ended: Promise<unknown>;

  private constructor(
    private readonly program: string,
    private readonly child: ChildProcess,
  ) {
    this.ended = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_BYTES);
      });
    }
  }

  static start(program: string, args: readonly string[]): Daemon {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      env: { PATH, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Daemon(program, child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The end of what it wrote. */
  log(): string {
    return this.output;
  }

  /** @throws Error with what it wrote, where it has ended */
  requireAlive(): void {
    const { exitCode, signalCode } = this.child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`${this.program} ended with ${exitCode ?? signalCode ?? '?'}: ${this.output}`);
  }

  /** Asks it to end, and ends it after a while. */
  async stop(patienceMs = 5000): Promise<void> {
    const last = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    this.child.kill('SIGTERM');
    await this.ended;
    clearTimeout(last);
  }
}

/** So many ports of loopback that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
