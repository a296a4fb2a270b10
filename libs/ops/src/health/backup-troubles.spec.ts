import type { BackupState } from './backup-state';
import { troublesOf } from './backup-troubles';

const NIGHT = new Date('2026-11-22T02:00:00Z');
const WELL: BackupState = {
  remoteAt: NIGHT,
  localAt: NIGHT,
  hasStores: true,
  lastRun: null,
  failedNight: null,
  failedTrials: [],
};

describe('Troubles with backups', () => {
  const told = (hours: number, changes: Partial<BackupState> = {}, scheduler = true): string[] => {
    const now = new Date(NIGHT.getTime() + hours * 3_600_000);
    const expected = { now, since: NIGHT, staleAfterHours: 26, scheduler };
    return troublesOf({ ...WELL, ...changes }, expected).map(({ kind, text }) => `${kind}: ${text}`);
  };

  it('are none where all is well, to the minute', () => {
    expect(told(26)).toEqual([]);
    // A clock that was put back is told by others.
    expect(told(-24)).toEqual([]);
  });

  it('are told with their figures', () => {
    expect(told(27)).toEqual([
      'stale: The newest verified remote copy is of 2026-11-22T02:00:00.000Z: 27.0 h old, and 26 h are allowed',
    ]);
    expect(told(27, { hasStores: false })[0]).toMatch(/^stale: The newest verified local copy is of/);
    expect(told(1, { remoteAt: null })).toEqual(['stale: No backup has a verified remote copy']);
    const never = { hasStores: null, remoteAt: null, localAt: null };
    expect(told(27, never)).toEqual(['none: No backup was made in the 26 h since this service was started']);
    expect(told(26, never)).toEqual([]);
    expect(told(27, never, false)).toEqual([]);
  });

  it('are told all of them', () => {
    const trial = { backupId: 'daily-x', detail: 'public.tickets is missing' };
    const state = {
      failedNight: { id: 'daily-y', reason: null },
      failedTrials: [
        { ...trial, level: 'restore', source: 'local' },
        { ...trial, level: 'drill', source: 's3' },
      ],
    } as const;
    expect(told(1, state)).toEqual([
      'night: The last nightly run, daily-y, failed: no reason was recorded',
      'restore: The last trial restore (daily-x) did not pass: public.tickets is missing',
      'drill: The last drill (s3, daily-x) did not pass: public.tickets is missing',
    ]);
  });
});
