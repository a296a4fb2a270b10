import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Cli } from '../../apps/cli/src/cli';
import { programFolder } from '../support/compiled-program';
import '../support/one-realm';

/** How a command ended. */
export interface Run {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** What stands on stdin; nothing when left out. */
  input?: string;
  /** In addition to the settings of {@link Tiptop}. */
  env?: Record<string, string>;
}

/** The command that runs within this process, if any. */
let turn: Promise<unknown> = Promise.resolve();

/** The command line, in a folder away from the checkout. */
export class Tiptop {
  private constructor(
    private readonly folder: string,
    /** Settings of every command. */
    readonly env: Record<string, string> = {},
  ) {}

  static async build(): Promise<Tiptop> {
    const folder = await programFolder();
    return new Tiptop(folder, { DATA_DIR: join(folder, 'data') });
  }

  /** The same program with other settings. */
  with(env: Record<string, string>): Tiptop {
    return new Tiptop(this.folder, { ...this.env, ...env });
  }

  /**
   * Runs a command within this process, which is a second quicker than an own one. It is given all that it may use; what
   * remains outside, `.env`, signals and the end of the process, is for {@link runApart} and {@link start}. Commands take
   * turns: in one process they would share what they never share in their own.
   */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const run = turn.then(() => this.runWithin(args, options));
    turn = run.catch(() => undefined);
    return run;
  }

  private async runWithin(args: readonly string[], { input = '', env = {} }: RunOptions): Promise<Run> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = Promise.all([text(stdout), text(stderr)]);
    const { env: variables } = this.place(env);
    const exitCode = await new Cli({ args, variables, stdin: Readable.from([input]), stdout, stderr }).run();
    stdout.end();
    stderr.end();
    const [onStdout, onStderr] = await said;
    return { exitCode, stdout: onStdout, stderr: onStderr };
  }

  /** Runs a command as an operator does: compiled, in a process of its own. */
  async runApart(args: readonly string[], { input = '', env = {} }: RunOptions = {}): Promise<Run> {
    const child = this.start(args, env);
    // A command that refuses its options does not read.
    child.stdin.on('error', () => undefined).end(input);
    return ended(child);
  }

  start(args: readonly string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    return this.spawn('dist/apps/cli/src/main.js', args, env);
  }

  startService(env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    return this.spawn('dist/apps/api/src/main.js', [], { PORT: '0', METRICS_PORT: '0', LOG_LEVEL: 'warn', ...env });
  }

  /** Runs a shell's command line in which `tiptop` is the program. */
  async shell(line: string, env: Record<string, string> = {}): Promise<Run> {
    const program = `tiptop() { "${process.execPath}" "${join(this.folder, 'dist/apps/cli/src/main.js')}" "$@"; }`;
    const child = spawn('bash', ['--norc', '-c', `${program}; ${line}`], this.place(env));
    child.stdin.end();
    return ended(child);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** @returns the path of a new file */
  async file(name: string, content: string): Promise<string> {
    await writeFile(this.path(name), content);
    return this.path(name);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private spawn(program: string, args: readonly string[], env: Record<string, string>): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [join(this.folder, program), ...args], this.place(env));
  }

  private place(env: Record<string, string>): { cwd: string; env: Record<string, string> } {
    return { cwd: this.folder, env: { PATH: process.env['PATH'] ?? '', ...this.env, ...env } };
  }
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Run> {
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, stdout, stderr };
}

/** Waits until a text stands on a child's stderr. */
export async function says(child: ChildProcessWithoutNullStreams, pattern: RegExp): Promise<RegExpExecArray> {
  let said = '';
  return new Promise((found, failed) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const match = pattern.exec(said);
      if (match) found(match);
    });
    child.once('exit', () => {
      failed(new Error(`It ended without saying ${String(pattern)}: ${said}`));
    });
  });
}

/** The one JSON document on stdout; throws where there is anything else. */
export function json({ stdout }: Run): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What a failure says in JSON. */
export interface Refusal {
  code: string;
  message: string;
  errors?: { path: string; message: string }[];
}

export function refusal(run: Run): Refusal {
  return json(run)['error'] as Refusal;
}
