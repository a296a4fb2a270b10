import type { BackupState } from './backup-state';

export const TROUBLE_KINDS = ['stale', 'none', 'night', 'restore', 'drill'] as const;
/**
 * `stale`: the newest verified copy is too old, or there is none. `none`: no backup was ever made where one should have been.
 * `night`: the calendar's last run failed. `restore`, `drill`: the last trial did not pass.
 */
export type TroubleKind = (typeof TROUBLE_KINDS)[number];

/** Why backups are not as they should be. */
export interface Trouble {
  kind: TroubleKind;
  /** For a person. */
  text: string;
}

/** What the rows are judged by. */
export interface Expectations {
  now: Date;
  /** When this process began: before that nobody here has waited for a backup. */
  since: Date;
  staleAfterHours: number;
  /** Whether this process is the one that runs what the calendar asks for. */
  scheduler: boolean;
}

const HOUR_MS = 3_600_000;

/** In the order in which somebody should hear of them; none where all is well. */
export function troublesOf(state: BackupState, expected: Expectations): Trouble[] {
  const troubles: Trouble[] = [];
  const age = ageTrouble(state, expected);
  if (age) troubles.push(age);
  const { failedNight, failedTrials } = state;
  if (failedNight) {
    const why = failedNight.reason ?? 'no reason was recorded';
    troubles.push({ kind: 'night', text: `The last nightly run, ${failedNight.id}, failed: ${why}` });
  }
  for (const { level, backupId, source, detail } of failedTrials) {
    const trial = level === 'drill' ? `drill (${source}, ${backupId})` : `trial restore (${backupId})`;
    troubles.push({ kind: level, text: `The last ${trial} did not pass: ${detail}` });
  }
  return troubles;
}

function ageTrouble(state: BackupState, { now, since, staleAfterHours, scheduler }: Expectations): Trouble | undefined {
  const hoursSince = (at: Date): number => (now.getTime() - at.getTime()) / HOUR_MS;
  if (state.hasStores === null) {
    if (!scheduler || hoursSince(since) <= staleAfterHours) return undefined;
    return { kind: 'none', text: `No backup was made in the ${staleAfterHours} h since this service was started` };
  }
  const [place, newest] = state.hasStores ? ['remote', state.remoteAt] : ['local', state.localAt];
  if (newest === null) return { kind: 'stale', text: `No backup has a verified ${place} copy` };
  const hours = hoursSince(newest);
  if (hours <= staleAfterHours) return undefined;
  const text = `The newest verified ${place} copy is of ${newest.toISOString()}: ${hours.toFixed(1)} h old, and ${staleAfterHours} h are allowed`;
  return { kind: 'stale', text };
}
