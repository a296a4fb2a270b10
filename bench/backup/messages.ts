/** What the benchmark tells the process that makes backups: make one; end the one that is under way. */
export type Order = 'run' | 'interrupt';

/** A run that is over. */
export interface RunOutcome {
  status: string;
  /** Why it failed. */
  reason: string | null;
  /** From the call to its end. */
  seconds: number;
  steps: { name: string; status: string; seconds: number; detail: string }[];
  archiveBytes: number;
}

/** What that process answers. */
export type Word = { is: 'ready' } | { is: 'step'; step: string } | { is: 'over'; outcome: RunOutcome };
