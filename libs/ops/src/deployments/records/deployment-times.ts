import type { Deployment } from './deployment.entity';

/** Seconds, to the millisecond, from one time to another; 0 where a clock was set back between. */
function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime()) / 1000;
}

/** @returns null while it runs */
export function durationSeconds({
  startedAt,
  finishedAt,
}: Pick<Deployment, 'startedAt' | 'finishedAt'>): number | null {
  return finishedAt && secondsBetween(startedAt, finishedAt);
}

/** From the failure being noticed to what ran before working again. @returns null where nothing was rolled back */
export function recoverySeconds({
  failureNoticedAt,
  recoveredAt,
}: Pick<Deployment, 'failureNoticedAt' | 'recoveredAt'>): number | null {
  return failureNoticedAt && recoveredAt && secondsBetween(failureNoticedAt, recoveredAt);
}
