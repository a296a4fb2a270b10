import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { EmbeddedPostgresOptions } from '../index';
import type { OwnerReport } from './owner-program';

type Reported<K extends OwnerReport['kind']> = Extract<OwnerReport, { kind: K }>;

export interface OwnerProcessOptions {
  /** Compiled owner-program. */
  program: string;
  database: EmbeddedPostgresOptions;
  /** Account to run as; this process's own when absent. */
  uid?: number;
  gid?: number;
  /** Program and arguments put in front, e.g. setpriv. */
  wrapper?: string[];
}

/** A separate process that starts the embedded database; in a process group of its own, as the shell makes one. */
export class OwnerProcess {
  readonly reports: OwnerReport[] = [];
  private readonly child: ChildProcess;
  private readonly exit: Promise<unknown>;

  constructor({ program, database, uid, gid, wrapper = [] }: OwnerProcessOptions) {
    const [file, ...args] = [...wrapper, process.execPath, program, JSON.stringify(database)];
    this.child = spawn(file, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      detached: true,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    this.exit = once(this.child, 'exit');
    this.child.on('message', (report: OwnerReport) => {
      this.reports.push(report);
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The first report of a kind; rejects when the process ends without one. */
  async report<K extends OwnerReport['kind']>(kind: K): Promise<Reported<K>> {
    for (;;) {
      const found = this.reports.find((report): report is Reported<K> => report.kind === kind);
      if (found) return found;
      // 'disconnect' comes after the last message.
      if (!this.child.connected) throw new Error(`no '${kind}' among ${JSON.stringify(this.reports)}`);
      await Promise.race([once(this.child, 'message'), once(this.child, 'disconnect')]);
    }
  }

  /** How the start ended. */
  async outcome(): Promise<Reported<'started'> | Reported<'failed'>> {
    return Promise.any([this.report('started'), this.report('failed')]);
  }

  /** Lets the program stop its database, and waits for its end. */
  async stop(): Promise<void> {
    this.child.send('stop');
    await this.report('stopped');
    await this.exit;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
  }

  /** What Ctrl-C does: a signal to the whole foreground process group. */
  interruptGroup(): void {
    process.kill(-this.pid, 'SIGINT');
  }
}
