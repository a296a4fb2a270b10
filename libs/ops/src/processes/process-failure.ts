import { basename } from 'node:path';

/** `missing`: there is no such program. `stream`: its input or output broke, on our side or because it did not take it. */
export type ProcessFault = 'missing' | 'exit' | 'signal' | 'stalled' | 'too-long' | 'stream' | 'aborted';

/** A program did not do its work: it could not be started, ended with a fault, was killed, or was silent for too long. */
export class ProcessFailure extends Error {
  constructor(
    readonly program: string,
    readonly reason: ProcessFault,
    message: string,
    /** The end of what it wrote to stderr. */
    readonly stderr: string,
    options?: ErrorOptions,
  ) {
    super(`${basename(program)} ${message}${stderr === '' ? '' : `: ${stderr}`}`, options);
    this.name = 'ProcessFailure';
  }
}
