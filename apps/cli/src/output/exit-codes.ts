/** What the process tells the shell. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Unknown command or option, a value missing or malformed. */
  usage: 2,
  /** The work is done, but something beside it went wrong. */
  degraded: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
