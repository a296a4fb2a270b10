import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SftpConfig } from '@tiptop/platform';
import { Daemon, freePorts } from './daemon';

const run = promisify(execFile);
const START_MS = 10_000;
const SSHD = '/usr/sbin/sshd';

/** OpenSSH's server on loopback for the user of the tests, with keys of its own, for nothing but SFTP. */
export class SshServer {
  private constructor(
    /** Where backups go. */
    readonly root: string,
    readonly port: number,
    readonly hostKey: string,
    private readonly folder: string,
    private readonly daemon: Daemon,
  ) {}

  /** @param settings lines of sshd_config besides its own */
  static async start(settings: readonly string[] = []): Promise<SshServer> {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-sshd-'));
    const [port = 0] = await freePorts(1);
    await createKey(join(folder, 'host'));
    await createKey(join(folder, 'user'));
    await writeFile(join(folder, 'authorized'), await readFile(join(folder, 'user.pub')));
    const root = join(folder, 'backups');
    await mkdir(root);
    await writeFile(join(folder, 'sshd_config'), configuration(folder, port, settings));
    // Where the server locks its unprivileged half in; Debian makes it when the service starts.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    const daemon = Daemon.start(SSHD, ['-D', '-e', '-f', join(folder, 'sshd_config')]);
    const hostKey = (await readFile(join(folder, 'host.pub'), 'utf8')).trim();
    const server = new SshServer(root, port, hostKey, folder, daemon);
    await server.untilListening();
    return server;
  }

  /** For config.ops.sftp. */
  config(changes: Partial<SftpConfig> = {}): SftpConfig {
    return {
      host: '127.0.0.1',
      port: this.port,
      user: userInfo().username,
      path: this.root,
      keyFile: join(this.folder, 'user'),
      hostKey: this.hostKey,
      ...changes,
    };
  }

  /** The file of another private key, and its public half. */
  async createKey(name: string, args: readonly string[] = []): Promise<{ keyFile: string; publicKey: string }> {
    const keyFile = join(this.folder, name);
    await createKey(keyFile, args);
    return { keyFile, publicKey: (await readFile(`${keyFile}.pub`, 'utf8')).trim() };
  }

  /** The end of the server's log. */
  log(): string {
    return this.daemon.log();
  }

  /** The processes that serve connections now: children of the one that listens, and theirs. */
  async sessions(): Promise<number[]> {
    const parents = new Map<number, number>();
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      // After the name in brackets: state, parent.
      const parent = / ([A-Z]) (\d+) /.exec(stat.slice(stat.lastIndexOf(')')))?.[2];
      if (parent !== undefined) parents.set(Number(name), Number(parent));
    }
    const descends = (pid: number): boolean => {
      const parent = parents.get(pid);
      return parent !== undefined && (parent === this.daemon.pid || descends(parent));
    };
    return [...parents.keys()].filter(descends);
  }

  /** Sends a signal to whatever serves a connection now. */
  async signalSessions(signal: NodeJS.Signals): Promise<number> {
    const pids = await this.sessions();
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // Its connection ended meanwhile.
      }
    }
    return pids.length;
  }

  async stop(): Promise<void> {
    for (const signal of ['SIGCONT', 'SIGKILL'] as const) await this.signalSessions(signal);
    await this.daemon.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async untilListening(): Promise<void> {
    const deadline = Date.now() + START_MS;
    for (;;) {
      this.daemon.requireAlive();
      const listening = await new Promise<boolean>((resolve) => {
        const socket = connect(this.port, '127.0.0.1');
        socket.once('data', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', () => {
          resolve(false);
        });
      });
      if (listening) return;
      if (Date.now() > deadline) throw new Error(`sshd does not answer: ${this.log()}`);
      await sleep(50);
    }
  }
}

function configuration(folder: string, port: number, settings: readonly string[]): string {
  return [
    // Of what is said twice, sshd takes the first.
    ...settings,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `PidFile ${join(folder, 'pid')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
    'ForceCommand internal-sftp',
    'LogLevel VERBOSE',
    // Often, so that keys are changed in the middle of a transfer as they are on a long one.
    'RekeyLimit 32M',
    '',
  ].join('\n');
}

async function createKey(path: string, args: readonly string[] = []): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path, ...args]);
  await chmod(path, 0o600);
}
