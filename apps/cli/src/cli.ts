import type { Readable, Writable } from 'node:stream';
import { CommandFactory, CommandRunnerService } from 'nest-commander';
import { Backend, type Variables } from './backend/backend';
import { CommandsModule } from './commands/commands.module';
import { describeFailure, isHelpShown, isUnforeseen } from './failures/failure';
import { Stdin } from './input/stdin';
import { EXIT, type ExitCode } from './output/exit-codes';
import { Output } from './output/output';

/** Where a command line comes from and what it may use. */
export interface CliOptions {
  /** Without the program. */
  args: readonly string[];
  variables: Variables;
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
}

/** One run of one command. */
export class Cli {
  private readonly output: Output;
  private readonly backend: Backend;
  private interrupted = false;
  private outputClosed = false;

  constructor(private readonly options: CliOptions) {
    const { args, stdout, stderr, variables } = options;
    this.output = new Output(asksForJson(args), stdout, stderr);
    this.backend = new Backend(variables, this.output);
    // `| head` ends before we do. Unheard, the error would end the process with a stack.
    stdout.on('error', () => {
      this.outputClosed = true;
    });
  }

  /** Runs to the end and lets go of everything. Never rejects. */
  async run(): Promise<ExitCode> {
    try {
      await this.perform();
    } catch (error) {
      this.fail(error);
    }
    try {
      await this.backend.close();
    } catch (error) {
      if (!this.interrupted) this.output.degrade(`The database could not be closed. ${describeFailure(error).message}`);
    }
    return this.output.exitCode;
  }

  /** Ends what is under way without keeping any of it. */
  async interrupt(signal: NodeJS.Signals): Promise<ExitCode> {
    this.interrupted = true;
    const message = `Interrupted by ${signal}; the step under way was undone.`;
    this.output.fail({ exitCode: EXIT.failed, code: 'INTERRUPTED', message });
    await this.backend.abandon();
    return this.output.exitCode;
  }

  private async perform(): Promise<void> {
    const { args, stdin, stdout, stderr } = this.options;
    const rethrow = (error: Error): never => {
      throw error;
    };
    const commands = CommandsModule.register(this.backend, this.output, new Stdin(stdin));
    const app = await CommandFactory.createWithoutRunning(commands, {
      logger: false,
      abortOnError: false,
      errorHandler: rethrow,
      serviceErrorHandler: rethrow,
      outputConfiguration: {
        writeOut: (text) => stdout.write(text),
        writeErr: (text) => stderr.write(text),
        // Told by fail(), in JSON where that is asked for.
        outputError: () => undefined,
      },
    });
    try {
      await app.get(CommandRunnerService).run(['node', 'tiptop', ...args]);
    } finally {
      await app.close();
    }
  }

  private fail(error: unknown): void {
    // After an interruption all sorts of things fail, and each for that one reason.
    if (this.interrupted || isHelpShown(error)) return;
    if (this.outputClosed) {
      this.output.fail({ exitCode: EXIT.failed, code: 'OUTPUT_CLOSED', message: 'Nobody reads the output any more.' });
      return;
    }
    const failure = describeFailure(error);
    if (isUnforeseen(failure)) this.backend.logger.error({ err: error }, 'A command failed unforeseen');
    this.output.fail(failure);
  }
}

/** Known before the command line is parsed: an error in it is told in JSON as well. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}
