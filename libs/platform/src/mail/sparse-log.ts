import type { Logger } from 'pino';

const INTERVAL_MS = 60_000;

/** Says the same thing once a minute at most, and how often it happened: what fails, fails for every letter there is. */
export class SparseLog {
  private readonly said = new Map<string, { at: number; unsaid: number }>();

  constructor(
    private readonly logger: Logger,
    private readonly intervalMs = INTERVAL_MS,
  ) {}

  warn(fields: Record<string, unknown>, message: string): void {
    const now = performance.now();
    const before = this.said.get(message);
    if (before && now - before.at < this.intervalMs) {
      before.unsaid++;
      return;
    }
    this.said.set(message, { at: now, unsaid: 0 });
    this.logger.warn({ ...fields, ...(before?.unsaid ? { alsoUnsaid: before.unsaid } : {}) }, message);
  }
}
