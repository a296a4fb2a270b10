import type { LockPatience } from './lock-patience';
import type { AwaitedLock } from './lock-watch';

const MINUTE_SECONDS = 60;

/** A migration came by no lock, since another session has it. The message is all an operator needs. */
export class MigrationBlocked extends Error {
  /** @param lock undefined where it could not be found out */
  constructor(
    readonly lock: AwaitedLock | undefined,
    { tries, waitMs }: Pick<LockPatience, 'tries' | 'waitMs'>,
    options: ErrorOptions,
  ) {
    super(
      `A migration waited ${tries} times for ${waitMs / 1000} s ${describe(lock)}. ` +
        'What came before it is applied; what waited has changed nothing. End that transaction, or try again later.',
      options,
    );
    this.name = 'MigrationBlocked';
  }
}

function describe(lock: AwaitedLock | undefined): string {
  if (!lock) return 'for a lock that another session has';
  const { what, mode, pid, application, role, state, seconds } = lock;
  const who = [
    `process ${pid}`,
    ...(application === '' ? [] : [application]),
    ...(role === '' ? [] : [`role ${role}`]),
  ];
  const open =
    seconds < 2 * MINUTE_SECONDS ? `${Math.round(seconds)} s` : `${Math.round(seconds / MINUTE_SECONDS)} minutes`;
  return `for the ${mode} on ${what}, in whose way stands a transaction open for ${open} (${who.join(', ')}; ${state})`;
}
