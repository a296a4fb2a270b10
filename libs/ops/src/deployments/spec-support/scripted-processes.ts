import { ProcessFailure } from '../../processes/process-failure';
import { Processes, type ProcessOptions, type ProcessOutcome } from '../../processes/processes';

/** What a call of a program comes to: what it prints, or how it fails. */
export type Reply = string | { fails: string; missing?: boolean };

/** Programs that say what they are told to, in the place of an engine's. */
export class ScriptedProcesses extends Processes {
  /** `docker ps --all`, in order. */
  readonly calls: string[] = [];
  readonly options: ProcessOptions[] = [];

  constructor(private readonly reply: (line: string, nth: number) => Reply) {
    super();
  }

  override async run(options: ProcessOptions): Promise<ProcessOutcome> {
    const said = this.take(options);
    const [output] = [options.output ?? []].flat();
    if (output && 'write' in output) await new Promise((resolve) => output.end(said, resolve as () => void));
    return { stderr: 'said aside', seconds: 0 };
  }

  override async text(options: Omit<ProcessOptions, 'output'>): Promise<string> {
    return Promise.resolve(this.take(options));
  }

  private take(options: ProcessOptions): string {
    const line = [options.program, ...options.args].join(' ');
    this.calls.push(line);
    this.options.push(options);
    const reply = this.reply(line, this.calls.filter((call) => call === line).length);
    if (typeof reply === 'string') return reply;
    const reason = reply.missing ? 'missing' : 'exit';
    throw new ProcessFailure(options.program, reason, reply.missing ? 'is not installed' : 'ended with 1', reply.fails);
  }
}
