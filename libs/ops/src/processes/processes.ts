import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { type Duplex, type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { ChildInput, InputRefused } from './child-input';
import { ErrorOutput } from './error-output';
import { ProcessFailure } from './process-failure';
import { ProcessGroup } from './process-group';
import { StallWatch } from './stall-watch';

export { ProcessFailure } from './process-failure';

/** More than any program says that is run for its words. */
const TEXT_BYTES = 1 << 20;

export interface ProcessOptions {
  /** Name or path of a program; never a line for a shell. */
  program: string;
  args: readonly string[];
  /** The whole environment of the child. Secrets go here or through stdin, not into args, which every process can see. */
  env?: Readonly<Record<string, string>>;
  /** Fed to the child's stdin, which is closed otherwise; with what the bytes pass through on the way. */
  input?: Readable | readonly [Readable, ...Duplex[]];
  /** Where stdout goes; it is drained where nobody wants it. */
  output?: Writable | readonly [...Duplex[], Writable];
  /** Each line of stderr, as it comes. */
  onErrorLine?: (line: string) => void;
  /** Leaves the processor to whoever else wants it: players before backups. */
  yielding?: boolean;
  signal: AbortSignal;
  /** The child is ended after so long altogether, and after so long without a byte in or out. */
  limits: { totalMs: number; stallMs: number };
}

export interface ProcessOutcome {
  /** The end of it. */
  stderr: string;
  seconds: number;
}

/**
 * Starts programs: with arguments in an array, without a shell, in a process group of their own. A child has done its work
 * when it ended with 0 *and* its streams are through: a stream alone ends quietly when its producer is killed.
 */
@Injectable()
export class Processes {
  /** @throws ProcessFailure once the program has ended and let go of its streams */
  async run(options: ProcessOptions): Promise<ProcessOutcome> {
    return new Run(options).outcome();
  }

  /**
   * Runs a program for the little that it prints.
   * @throws ProcessFailure
   */
  async text(options: Omit<ProcessOptions, 'output'>): Promise<string> {
    const chunks: Buffer[] = [];
    await this.run({ ...options, output: collect(chunks) });
    return Buffer.concat(chunks).toString('utf8');
  }
}

const ENDED = {
  stalled: 'was ended: nothing moved for too long',
  'too-long': 'was ended: it took too long',
  aborted: 'was ended: the run stops',
  stream: 'was ended: its data could not be passed on',
} as const;

/** A child finds programs and speaks plainly; nothing else of our environment is its business. */
const BARE_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/** One child, from its start to its end. */
class Run {
  private readonly errors: ErrorOutput;
  /** Why we ended it, and what came of that. */
  private ended: keyof typeof ENDED | undefined;
  private cause: unknown;
  /** How it ended by itself, before we wanted it to. */
  private byItself: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  private startFault: NodeJS.ErrnoException | undefined;
  /** It did not take all that it was given. */
  private refusal: InputRefused | undefined;
  /** Ends our streams, which may hang like anything else. */
  private readonly cut = new AbortController();
  /** The child has ended, and all that held its streams has let go of them; whether we ended it after that. */
  private closed = false;
  private tooLate = false;

  constructor(private readonly options: ProcessOptions) {
    this.errors = new ErrorOutput(options.onErrorLine);
  }

  async outcome(): Promise<ProcessOutcome> {
    const { signal, limits } = this.options;
    const started = performance.now();
    if (signal.aborted) this.fail('aborted', 'was not started: the run stops', signal.reason);
    const child = this.start();
    const group = new ProcessGroup(child);
    const end = (reason: keyof typeof ENDED, cause?: unknown): void => {
      if (this.ended === undefined) {
        this.ended = reason;
        this.cause = cause;
        this.tooLate = this.closed;
      }
      group.end();
      if (this.closed) this.cut.abort();
    };
    const watch = new StallWatch(limits.stallMs, () => {
      end('stalled');
    });
    const total = setTimeout(() => {
      end('too-long');
    }, limits.totalMs);
    const onAbort = (): void => {
      end('aborted', signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const closed = this.closing(child, group, watch);
      const streams = this.streams(child, watch).catch((error: unknown) => {
        end('stream', error);
      });
      await closed;
      await streams;
    } finally {
      clearTimeout(total);
      watch.stop();
      signal.removeEventListener('abort', onAbort);
    }
    this.errors.end();
    this.judge();
    return { stderr: this.errors.toString(), seconds: (performance.now() - started) / 1000 };
  }

  private start(): ChildProcess {
    const { program, args, env = {}, input, yielding } = this.options;
    try {
      const child = spawn(program, args, {
        env: { ...BARE_ENVIRONMENT, ...env },
        stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
        detached: true,
      });
      // A fault shows itself by an event, the child's end as well: both are waited for.
      child.once('error', (error) => {
        this.startFault = error;
      });
      if (yielding && child.pid !== undefined) giveWay(child.pid);
      return child;
    } catch (error) {
      for (const stream of [input, this.options.output].flat()) stream?.destroy();
      this.fail('exit', `could not be started (${messageOf(error)})`, error);
    }
  }

  /** Resolves once the child has ended and all that held its streams has let go of them. */
  private closing(child: ChildProcess, group: ProcessGroup, watch: StallWatch): Promise<void> {
    child.stderr?.on('data', (chunk: Buffer) => {
      watch.moved();
      this.errors.add(chunk);
    });
    child.once('exit', (code, signal) => {
      if (this.ended === undefined) this.byItself = { code, signal };
      // A stream that hangs would keep its end from being noticed.
      else this.cut.abort();
      if (code !== 0) group.end();
    });
    return new Promise((resolve) => {
      child.once('close', () => {
        this.closed = true;
        // Where it ended well, the rest is waited for: its output has to arrive, and of its input there must be none left.
        if (this.byItself?.code !== 0) this.cut.abort();
        resolve();
      });
    });
  }

  /** Moves the child's data; rejects where a stream of ours breaks. */
  private async streams(child: ChildProcess, watch: StallWatch): Promise<void> {
    const { input, output = nowhere() } = this.options;
    const { stdin, stdout } = child;
    const { signal } = this.cut;
    const ways: Promise<void>[] = [];
    if (input && stdin) {
      const way = [...[input].flat(), new ChildInput(stdin, watch.moved)];
      const fed = pipeline(way, { signal }).catch((error: unknown) => {
        if (!(error instanceof InputRefused)) throw error;
        // How it ends itself says more, and is near.
        this.refusal = error;
      });
      ways.push(fed);
    }
    if (stdout) {
      ways.push(pipeline([stdout, ...[output].flat()], { signal }));
      stdout.on('data', watch.moved);
    }
    await Promise.all(ways);
  }

  private judge(): void {
    const { startFault, byItself, ended, cause, refusal } = this;
    if (startFault) {
      const missing = startFault.code === 'ENOENT';
      const message = missing ? 'is not installed' : `could not be started (${startFault.message})`;
      this.fail(missing ? 'missing' : 'exit', message, startFault);
    }
    if (byItself?.signal) this.fail('signal', `was killed by ${byItself.signal}`, cause);
    if (byItself && byItself.code !== 0) this.fail('exit', `ended with ${byItself.code ?? '?'}`, cause);
    if (ended === 'stalled' && byItself) {
      const what = this.tooLate
        ? 'its data does not come to its end'
        : 'left something behind that keeps its output open';
      this.fail('stalled', `ended, but ${what}`, cause);
    }
    if (ended === 'stream') this.fail('stream', `${ENDED.stream} (${messageOf(cause)})`, cause);
    if (ended) this.fail(ended, ENDED[ended], cause);
    if (refusal) this.fail('stream', 'did not take all that it was given', refusal);
  }

  private fail(...[reason, message, cause]: [ProcessFailure['reason'], string, unknown]): never {
    throw new ProcessFailure(this.options.program, reason, message, this.errors.toString(), { cause });
  }
}

/** It may have ended already, or the system may not allow it: it runs as everything else then. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // See above.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function collect(chunks: Buffer[]): Writable {
  let bytes = 0;
  return new Writable({
    write(chunk: Buffer, _encoding, done): void {
      bytes += chunk.length;
      chunks.push(chunk);
      done(bytes > TEXT_BYTES ? new Error('it says more than was expected') : null);
    },
  });
}

function nowhere(): Writable {
  return new Writable({
    write(_chunk, _encoding, done): void {
      done();
    },
  });
}
