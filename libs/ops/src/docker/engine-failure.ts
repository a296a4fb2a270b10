/**
 * Why the container engine did not do what it was asked. `missing`: there is no such thing; `refused`: not like this, or
 * not for us; `fault`: it tried, and could not; `unreachable`: nobody answers; `broken-off`: the connection ended in the
 * middle of an answer; `silent`: no byte for too long.
 */
export type EngineFault =
  'missing' | 'refused' | 'fault' | 'unreachable' | 'broken-off' | 'silent' | 'too-long' | 'aborted';

/** Those that may be gone at the next attempt. */
const PASSING: readonly EngineFault[] = ['fault', 'unreachable', 'broken-off', 'silent', 'too-long'];

/** The container engine did not do what it was asked. The message says what and why, for a person. */
export class EngineFailure extends Error {
  constructor(
    readonly fault: EngineFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EngineFailure';
  }

  /** Whether trying again makes sense. */
  get mayPass(): boolean {
    return PASSING.includes(this.fault);
  }
}
