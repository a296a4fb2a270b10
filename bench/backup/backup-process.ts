import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Stage } from './stage';
import type { Order, RunOutcome, Word } from './messages';

/** What makes backups, in a process of its own. */
export class BackupProcess {
  /** What it wrote to stderr. */
  private output = '';

  private constructor(private readonly child: ChildProcess) {
    child.stderr?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
  }

  /** Only the database, no store, two keys. */
  static async start({ environment, folder, recipients }: Stage): Promise<BackupProcess> {
    const child = fork(join(__dirname, 'service.js'), {
      env: {
        PATH: process.env.PATH,
        ...environment,
        BACKUP_DIR: join(folder, 'backups'),
        BACKUP_AGE_RECIPIENTS: recipients.join(','),
        BACKUP_ATTEMPTS: '1',
      },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const started = new BackupProcess(child);
    await started.heard((word) => word.is === 'ready' || undefined);
    return started;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** @throws Error where the run does not come to a backup that is sound: one that fails would look fast */
  async run(): Promise<RunOutcome> {
    const outcome = await this.begin(() => undefined);
    if (outcome.status !== 'succeeded') throw new Error(`The backup is ${outcome.status}: ${faultsOf(outcome)}`);
    return outcome;
  }

  /**
   * Makes a backup until it is over, or until the signal is aborted.
   * @param onStep is told each step's name as it begins
   * @throws Error where it failed by itself, or where the process has died
   */
  async runUntil(signal: AbortSignal, onStep: (step: string) => void): Promise<void> {
    const interrupt = (): void => {
      this.order('interrupt');
    };
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      const outcome = await this.begin(onStep);
      if (outcome.status === 'failed' && !signal.aborted) throw new Error(`The backup failed: ${faultsOf(outcome)}`);
    } finally {
      signal.removeEventListener('abort', interrupt);
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  private async begin(onStep: (step: string) => void): Promise<RunOutcome> {
    const over = this.heard((word) => {
      if (word.is === 'step') onStep(word.step);
      return word.is === 'over' ? word.outcome : undefined;
    });
    this.order('run');
    return over;
  }

  private order(order: Order): void {
    this.child.send(order);
  }

  /** Listens until it hears what it waits for. */
  private async heard<T>(listen: (word: Word) => T | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const hear = (word: Word): void => {
        const found = listen(word);
        if (found === undefined) return;
        this.child.off('message', hear).off('close', end);
        resolve(found);
      };
      const end = (code: number | null): void => {
        reject(new Error(`What makes backups ended with ${String(code)}: ${this.output}`));
      };
      this.child.on('message', hear).once('close', end);
    });
  }
}

function faultsOf({ reason, steps }: RunOutcome): string {
  const faults = steps.filter(({ status }) => status !== 'passed' && status !== 'disabled');
  return [reason ?? '', ...faults.map(({ name, detail }) => `${name}: ${detail}`)].join('; ');
}
