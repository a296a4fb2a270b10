/** How a lease is kept, in milliseconds. */
export interface LeaseTimes {
  /** From one heartbeat to the next. */
  beatMs: number;
  /** Without a heartbeat for so long a holder is taken for dead. */
  staleMs: number;
}

export const LEASE_TIMES: LeaseTimes = { beatMs: 5000, staleMs: 30_000 };

/** Other ones, for a test. */
export const LEASE_TIMES_TOKEN = Symbol('LEASE_TIMES');
