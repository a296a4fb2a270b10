import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programFolder } from './compiled-program';

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The compiled service, in a folder of its own. */
export class ServiceProgram {
  private readonly processes: ServiceProcess[] = [];
  private readonly dataDirs = new Set<string>();

  private constructor(readonly folder: string) {}

  static async build(): Promise<ServiceProgram> {
    return new ServiceProgram(await programFolder());
  }

  /** Starts the service; ports are chosen by the system unless `env` says otherwise. */
  start(env: Record<string, string> & { DATA_DIR?: string }): ServiceProcess {
    if (env.DATA_DIR !== undefined) this.dataDirs.add(env.DATA_DIR);
    const started = new ServiceProcess(join(this.folder, 'dist/apps/api/src/main.js'), this.folder, env);
    this.processes.push(started);
    return started;
  }

  /** Ends what still runs, the embedded server's processes as well, and removes the folder. */
  async clear(): Promise<void> {
    for (const running of this.processes) await running.end();
    // A failed test may have left a server whose owner was killed.
    for (const dataDir of this.dataDirs) {
      const pid = databasePid(dataDir);
      if (pid !== undefined) process.kill(pid, 'SIGQUIT');
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** One process of the service, in a process group of its own as a terminal would give it. */
export class ServiceProcess {
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private stdout = '';
  private stderr = '';

  constructor(program: string, cwd: string, env: Record<string, string>) {
    this.child = spawn(process.execPath, [program], {
      cwd,
      detached: true,
      env: { PATH: process.env.PATH, HOME: cwd, PORT: '0', METRICS_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (part: Buffer) => (this.stdout += part.toString()));
    this.child.stderr?.on('data', (part: Buffer) => (this.stderr += part.toString()));
    this.ended = new Promise((settle) => {
      this.child.once('close', (exitCode, signal) => {
        settle({ exitCode, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** What it has said so far to a person, and to the log. */
  get said(): { stdout: string; stderr: string } {
    return { stdout: this.stdout, stderr: this.stderr };
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until it serves. @returns its address */
  async url(): Promise<string> {
    for (;;) {
      const url = /serves on (http:\/\/\S+)/.exec(this.stderr)?.[1];
      if (url !== undefined) return url.replace('0.0.0.0', '127.0.0.1');
      if (this.hasEnded) throw new Error(`The service ended: ${this.stderr}`);
      await sleep(20);
    }
  }

  /** As `kill` does. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** As a terminal does at Ctrl-C: to all processes of the group. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.child.pid!, signal);
  }

  async end(): Promise<void> {
    if (this.hasEnded) return;
    this.signal('SIGTERM');
    await this.ended;
  }
}

/** The process id of the embedded server of a data folder, or undefined where none runs. */
export function databasePid(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
