import type { KnownBackup } from './known-backup';

const HOUR_MS = 3_600_000;
const MOST_AHEAD_MS = 48 * HOUR_MS;
/**
 * What a sound clock may be behind the newest backup: one begun in the second of another one is named after the next, and time
 * synchronisation sets clocks back by that much. No age that decides anything is as short.
 */
const MOST_BEHIND_MS = 60_000;

/** What another clock says. */
export interface ToldTime {
  /** Of which store. */
  by: string;
  time: Date;
}

/**
 * Ages are measured from a backup to a backup, and backups are named after this machine's clock: one that was wrong once
 * makes a backup that looks far newer than the others.
 * @returns why nothing may be removed, or null
 */
export function clockDistrust(now: Date, backups: readonly KnownBackup[], told: readonly ToldTime[]): string | null {
  const newest = backups.reduce<KnownBackup | undefined>((a, b) => (a && a.at >= b.at ? a : b), undefined);
  if (newest && newest.at.getTime() - now.getTime() > MOST_BEHIND_MS) {
    return `the clock (${now.toISOString()}) is behind the newest backup here, ${newest.id}: one of them is wrong`;
  }
  for (const { by, time } of told) {
    const aheadMs = now.getTime() - time.getTime();
    if (aheadMs > MOST_AHEAD_MS) {
      const hours = Math.floor(aheadMs / HOUR_MS);
      return `the clock (${now.toISOString()}) is ${hours} hours ahead of that of ${by} (${time.toISOString()})`;
    }
  }
  return null;
}
