import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { lchown, readFile, stat } from 'node:fs/promises';
import { codeOf, EmbeddedPostgresError, messageOf } from './embedded-postgres-error';
import type { PostgresBinaries } from './postgres-binaries';
import { findUnprivilegedUser, type UnixUser } from './unprivileged-user';

/** Linux capabilities that let an account pass folders closed to it, with their bit in /proc/self/status. */
const CAPABILITIES = [
  // Reads and enters any folder: all that is needed as a rule.
  { name: 'dac_read_search', bit: 2n },
  // Also runs a program that only root may run (an installation under umask 077), and the only one of the two that
  // root has in a Docker container.
  { name: 'dac_override', bit: 1n },
] as const;

type Capability = (typeof CAPABILITIES)[number]['name'];

/** How a program ended. */
export interface ProgramResult {
  succeeded: boolean;
  /** Standard output and standard error, or the reason why it could not be started. */
  output: string;
}

/**
 * The account that PostgreSQL's programs run as: this process's own, or, because PostgreSQL refuses to run as root, an
 * unprivileged one when this process is root's.
 */
export class ServerAccount {
  private constructor(
    private readonly user: UnixUser | undefined,
    private readonly capability: Capability | undefined,
  ) {}

  /**
   * @param dataDir existing folder that the account has to be able to enter
   * @param clusterDir folder of the cluster, which may not exist yet
   * @throws EmbeddedPostgresError when no account of this machine will do
   */
  static async choose(dataDir: string, clusterDir: string, binaries: PostgresBinaries): Promise<ServerAccount> {
    const owner = await ownerOf(clusterDir);
    const uid = process.getuid?.();
    if (uid !== 0) {
      if (owner !== undefined && owner.uid !== uid) {
        throw new EmbeddedPostgresError(
          `The database in ${clusterDir} belongs to user ${owner.uid}, not to this one (${String(uid)}): run as that ` +
            'user or as root, use another data directory, or set DATABASE_URL.',
        );
      }
      return new ServerAccount(undefined, undefined);
    }
    // A cluster stays with the account that made it, so that running once as root does not lock that account out.
    const user = owner !== undefined && owner.uid !== 0 ? owner : await unprivilegedUser();
    const capabilities = await heldCapabilities();
    let refusal = '';
    for (const capability of [undefined, ...capabilities]) {
      const candidate = new ServerAccount(user, capability);
      const obstacle = await candidate.obstacle(dataDir, binaries);
      if (obstacle === undefined) return candidate;
      refusal ||= obstacle;
    }
    throw new EmbeddedPostgresError(
      `PostgreSQL does not run as root, and the account ${user.name} cannot reach ${dataDir} or ${binaries.postgres} ` +
        `(${refusal}): make both reachable for it, run as another user than root, or set DATABASE_URL.`,
    );
  }

  /** Runs a program to its end. Never rejects. */
  async run(program: string, args: string[]): Promise<ProgramResult> {
    return new Promise((done) => {
      let output = '';
      try {
        const child = this.spawn(program, args, ['ignore', 'pipe', 'pipe'], false);
        const collect = (chunk: Buffer): void => {
          output += chunk.toString();
        };
        child.stdout?.on('data', collect);
        child.stderr?.on('data', collect);
        child.on('error', (error) => {
          done({ succeeded: false, output: error.message });
        });
        child.on('close', (code, signal) => {
          done({ succeeded: code === 0, output: signal === null ? output : `${output}\nended by ${signal}` });
        });
      } catch (error) {
        done({ succeeded: false, output: messageOf(error) });
      }
    });
  }

  /**
   * Starts a program that outlives this process if need be: in a session of its own, so that Ctrl-C in the terminal does
   * not reach it, and with its output in a file, because a pipe would break when its reader ends.
   */
  launch(program: string, args: string[], logDescriptor: number): ChildProcess {
    const child = this.spawn(program, args, ['ignore', logDescriptor, logDescriptor], true);
    child.unref();
    return child;
  }

  /** Makes the account the owner of a file or folder. */
  async own(path: string): Promise<void> {
    if (this.user) await lchown(path, this.user.uid, this.user.gid);
  }

  /** Whether a file or folder already is the account's. */
  async owns(path: string): Promise<boolean> {
    return this.user === undefined || (await stat(path)).uid === this.user.uid;
  }

  private spawn(program: string, args: string[], stdio: StdioOptions, detached: boolean): ChildProcess {
    const options = {
      stdio,
      detached,
      // PostgreSQL 15 finds its own files by changing folders and back, which fails in one that is closed to it.
      cwd: '/',
      // initdb uses a shell to run postgres. LC_ALL: messages are recognised by their English text.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    };
    const { user, capability } = this;
    if (!user) return spawn(program, args, options);
    if (!capability) return spawn(program, args, { ...options, uid: user.uid, gid: user.gid });
    const setpriv = [
      `--reuid=${user.uid}`,
      `--regid=${user.gid}`,
      '--clear-groups',
      `--inh-caps=-all,+${capability}`,
      `--ambient-caps=-all,+${capability}`,
      // PostgreSQL looks for its programs with access(2), which ignores the capabilities of an ordinary user otherwise.
      '--securebits=+no_setuid_fixup',
      '--',
      program,
    ];
    // setpriv replaces itself with the program, which therefore has the child's process id.
    return spawn('setpriv', [...setpriv, ...args], options);
  }

  /** Why this account cannot use the folder and the programs; undefined when it can. Found out by doing it. */
  private async obstacle(dataDir: string, binaries: PostgresBinaries): Promise<string | undefined> {
    const attempts = await Promise.all([
      this.run('ls', ['-d', '--', `${dataDir}/.`]),
      // Through another program: setpriv itself starts its program with more capabilities than it leaves to it.
      this.run('nice', ['-n', '0', binaries.postgres, '--version']),
    ]);
    return attempts.find((attempt) => !attempt.succeeded)?.output;
  }
}

async function unprivilegedUser(): Promise<UnixUser> {
  const user = findUnprivilegedUser(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  if (user) return user;
  throw new EmbeddedPostgresError(
    'PostgreSQL does not run as root, and /etc/passwd has neither the account postgres nor nobody to run it as: run as ' +
      'another user than root, or set DATABASE_URL.',
  );
}

async function ownerOf(path: string): Promise<UnixUser | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return { name: String(uid), uid, gid };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function heldCapabilities(): Promise<Capability[]> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const permitted = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (permitted === undefined) return [];
  const mask = BigInt(`0x${permitted}`);
  return CAPABILITIES.filter(({ bit }) => (mask >> bit) % 2n === 1n).map(({ name }) => name);
}
