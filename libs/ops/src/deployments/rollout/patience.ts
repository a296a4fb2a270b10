/** How long a roll-out waits, in seconds. */
export interface Patience {
  /** A new container has so long to become healthy. */
  healthy: number;
  /** One without a healthcheck is taken for good when it has run for so long. */
  running: number;
  /** Requests that were on their way when nginx turned elsewhere; and then those that a container still has. */
  grace: number;
  /** nginx has so long to take up what it was told. */
  turn: number;
  /** Putting things back after a fault, altogether. */
  repair: number;
}

export const PATIENCE: Patience = { healthy: 150, running: 5, grace: 45, turn: 15, repair: 600 };
