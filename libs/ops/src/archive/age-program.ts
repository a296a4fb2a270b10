import type { Readable, Writable } from 'node:stream';
import { StepFailure } from '../backups/backup-source';
import { ProcessFailure, type Processes, type ProcessOptions } from '../processes/processes';
import { type Age, AgeFault, type AgeFaultKind, requireRecipients } from './age';

const PROGRAM = 'age';

/** What the program says on stderr. Others than 1.1 may put it otherwise: what no line fits is told as it is. */
const FAULTS: readonly (readonly [RegExp, AgeFaultKind])[] = [
  [/no identity matched/, 'wrong-key'],
  [/unexpected intro|failed to read intro/, 'not-age'],
  [/bad header MAC|failed to (read|parse) (header|\w+ recipient)|parsing age header|malformed/, 'header'],
  [/last chunk is empty|unexpected EOF/, 'cut-off'],
  [/failed to decrypt and authenticate|trailing data|failed to read nonce/, 'payload'],
];

/** The program `age`: some ten times faster than the library, and on another processor. */
export class AgeProgram implements Age {
  readonly version: string;
  readonly remark = undefined;

  private constructor(
    private readonly processes: Processes,
    private readonly limits: ProcessOptions['limits'],
    version: string,
  ) {
    this.version = `${PROGRAM} ${version}`;
  }

  /** @returns undefined where it is not installed, or does not run */
  static async find(
    processes: Processes,
    limits: ProcessOptions['limits'],
    signal: AbortSignal,
  ): Promise<AgeProgram | undefined> {
    try {
      const said = await processes.text({ program: PROGRAM, args: ['--version'], signal, limits });
      return new AgeProgram(processes, limits, said.trim().replace(/^v/, ''));
    } catch (error) {
      if (error instanceof ProcessFailure && (error.reason === 'missing' || error.reason === 'exit')) return undefined;
      throw error;
    }
  }

  async encrypt(source: Readable, recipients: readonly string[], target: Writable, signal: AbortSignal): Promise<void> {
    requireRecipients(recipients);
    // Public keys are no secret.
    const args = ['--encrypt', ...recipients.flatMap((recipient) => ['--recipient', recipient])];
    try {
      await this.run(args, source, target, signal);
    } catch (error) {
      throw failureOf(error);
    }
  }

  async decrypt(source: Readable, identityFile: string, target: Writable, signal: AbortSignal): Promise<void> {
    try {
      await this.run(['--decrypt', '--identity', identityFile], source, target, signal);
    } catch (error) {
      const said = error instanceof ProcessFailure ? error.stderr : '';
      const [, kind] = FAULTS.find(([pattern]) => pattern.test(said)) ?? [];
      throw kind === undefined ? failureOf(error) : new AgeFault(kind, { cause: error });
    }
  }

  private async run(args: readonly string[], input: Readable, output: Writable, signal: AbortSignal): Promise<void> {
    await this.processes.run({ program: PROGRAM, args, input, output, signal, limits: this.limits, yielding: true });
  }
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof ProcessFailure)) return error;
  const { reason, cause } = error;
  // A full disk for one: the program has only heard that nobody takes its bytes any more.
  if (reason === 'stream' && (cause as NodeJS.ErrnoException | undefined)?.syscall !== undefined) return cause;
  return new StepFailure(error.message, error.reason !== 'missing', { cause: error });
}
