import { StepFailure } from '../backups/backup-source';

/** Why work was cut short by its signal: its time is up, another part of it failed, or the whole run stops. */
export function stopped(signal: AbortSignal, doing: string): StepFailure {
  const reason: unknown = signal.reason;
  if (reason instanceof StepFailure) return reason;
  const timeIsUp = (reason as { name?: unknown } | undefined)?.name === 'TimeoutError';
  return timeIsUp
    ? new StepFailure(`${doing}: it took longer than a step may`, true, { cause: reason })
    : new StepFailure(`${doing}: the run stops`, false, { cause: reason });
}

/** The run's signal, and an end of its own after so many seconds. */
export function within(signal: AbortSignal, seconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
}

/**
 * Does two things at once, of which neither is of use without the other: where one fails, the other is cut short.
 * @throws what the first of them failed with, once both have ended
 */
export async function together<A, B>(
  signal: AbortSignal,
  one: (signal: AbortSignal) => Promise<A>,
  other: (signal: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const both = new AbortController();
  const shared = AbortSignal.any([signal, both.signal]);
  let first: { error: unknown } | undefined;
  const watched = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await work(shared);
    } catch (error) {
      first ??= { error };
      both.abort(error);
      throw error;
    }
  };
  const [a, b] = await Promise.allSettled([watched(one), watched(other)]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  throw first?.error;
}
