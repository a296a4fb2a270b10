import { type BackupKind, formatBackupId } from '../backups/backup-id';
import type { KnownBackup } from './known-backup';
import { planRetention, type RetentionAnswer } from './plan-retention';
import type { RetentionQuestion } from './retention-question';
import { KEEP } from './spec-support/keep';

const GOOD = null;

function backup(kind: BackupKind, at: string, quarantined: string | null = GOOD): KnownBackup {
  const date = new Date(at.length === 10 ? `${at}T02:00:00Z` : at);
  return { id: formatBackupId({ kind, at: date }), kind, at: date, bytes: 1000, quarantined };
}

/** What the calendar makes, from a day to another. */
function nightly(from: string, to: string, quarantined: readonly string[] = [], missing: readonly string[] = []) {
  const made: KnownBackup[] = [];
  for (let at = new Date(`${from}T02:00:00Z`); at <= new Date(`${to}T02:00:00Z`); at = new Date(+at + 86_400_000)) {
    const day = at.toISOString().slice(0, 10);
    if (missing.includes(day)) continue;
    const kind = at.getUTCDate() === 1 ? 'monthly' : at.getUTCDay() === 0 ? 'weekly' : 'daily';
    made.push(backup(kind, day, quarantined.includes(day) ? 'too small' : GOOD));
  }
  return made;
}

function plan(backups: readonly KnownBackup[], changes: Partial<RetentionQuestion> = {}): RetentionAnswer {
  return planRetention({
    place: 'local',
    backups,
    protectedIds: new Map(),
    keep: { ...KEEP, removeAtMost: 1000 },
    now: new Date(Math.max(0, ...backups.map(({ at }) => at.getTime())) + 3_600_000),
    told: [],
    ...changes,
  });
}

/** Days, oldest first. */
function kept({ decisions }: RetentionAnswer): string[] {
  return decisions
    .filter(({ decision }) => decision === 'keep')
    .map(({ at }) => at.slice(0, 10))
    .toReversed();
}

function reasonsFor(answer: RetentionAnswer, day: string): string[] {
  return answer.decisions.filter(({ at }) => at.startsWith(day)).flatMap(({ reasons }) => reasons);
}

describe('What stays on this machine', () => {
  it('is a week of days and the Sundays of four weeks', () => {
    const answer = plan(nightly('2026-09-01', '2026-11-25'));
    expect(kept(answer)).toEqual([
      '2026-11-01',
      '2026-11-08',
      '2026-11-15',
      '2026-11-19',
      '2026-11-20',
      '2026-11-21',
      '2026-11-22',
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
    ]);
    expect(answer.newestVerified).toBe('daily-20261125T020000Z');
    expect(reasonsFor(answer, '2026-11-20')).toEqual(['daily slot of 2026-11-20']);
    expect(reasonsFor(answer, '2026-11-15')).toEqual(['weekly slot, week to Sunday 2026-11-15']);
    expect(reasonsFor(answer, '2026-11-22')).toEqual([
      'daily slot of 2026-11-22',
      'weekly slot, week to Sunday 2026-11-22',
    ]);
    expect(reasonsFor(answer, '2026-11-25')).toEqual([
      'newest two verified are never removed',
      'daily slot of 2026-11-25',
      'weekly slot, week to Sunday 2026-11-29, which is not over',
    ]);
    expect(reasonsFor(answer, '2026-11-18')).toEqual([
      '7 days before the newest, so past the 7 daily slots, and fills no weekly slot',
    ]);
    expect(reasonsFor(answer, '2026-10-25')).toEqual(['older than 30 days']);
  });

  it('counts the four Sundays from the last one, whatever the day', () => {
    expect(kept(plan(nightly('2026-09-01', '2026-11-22'))).slice(0, 4)).toEqual([
      '2026-11-01',
      '2026-11-08',
      '2026-11-15',
      '2026-11-16',
    ]);
    expect(kept(plan(nightly('2026-09-01', '2026-11-21'))).slice(0, 4)).toEqual([
      '2026-10-25',
      '2026-11-01',
      '2026-11-08',
      '2026-11-15',
    ]);
  });

  it('lets the nearest verified one of the week stand in for a Sunday, and says which', () => {
    const quarantined = plan(nightly('2026-10-01', '2026-11-25', ['2026-11-15', '2026-11-14']));
    expect(reasonsFor(quarantined, '2026-11-13')).toEqual([
      'weekly slot, week to Sunday 2026-11-15, in the place of Sunday’s, which is quarantined',
    ]);
    const missing = plan(nightly('2026-10-01', '2026-11-25', [], ['2026-11-08']));
    expect(reasonsFor(missing, '2026-11-07')).toEqual([
      'weekly slot, week to Sunday 2026-11-08, in the place of Sunday’s, which is missing',
    ]);
    // A week without any has no slot, and takes none from another.
    const week = ['09', '10', '11', '12', '13', '14', '15'].map((day) => `2026-11-${day}`);
    const none = plan(nightly('2026-10-01', '2026-11-25', [], week));
    expect(kept(none).slice(0, 3)).toEqual(['2026-11-01', '2026-11-08', '2026-11-19']);
  });

  it('takes the last one of a Sunday', () => {
    const sunday = '2026-11-15';
    const answer = plan([...nightly('2026-11-01', '2026-11-25'), backup('weekly', `${sunday}T14:00:00Z`)]);
    const there = answer.decisions.filter(({ at }) => at.startsWith(sunday));
    expect(there.map(({ at, decision }) => [at.slice(11, 13), decision])).toEqual([
      ['14', 'keep'],
      ['02', 'remove'],
    ]);
  });

  it('has no weekly slots where none are wanted', () => {
    const answer = plan(nightly('2026-11-01', '2026-11-25'), { keep: { ...KEEP, weeklyWeeks: 0 } });
    expect(kept(answer)).toHaveLength(7);
    expect(answer.decisions.flatMap(({ reasons }) => reasons).filter((one) => one.includes('weekly slot,'))).toEqual(
      [],
    );
  });

  it('gives no slot to a manual one', () => {
    const sunday = '2026-11-15';
    const backups = [...nightly('2026-11-01', '2026-11-25', [], [sunday]), backup('manual', sunday)];
    const answer = plan(backups);
    expect(reasonsFor(answer, sunday)).toEqual(['manual: kept until 2026-12-15']);
    expect(reasonsFor(answer, '2026-11-14').join()).toContain('in the place of Sunday’s, which is missing');
  });

  it('keeps the last five pre-deploy ones, none that is older than thirty days', () => {
    const days = ['2026-10-01', '2026-10-26', '2026-11-20', '2026-11-21', '2026-11-22', '2026-11-23'];
    const preDeploy = days.map((day) => backup('pre-deploy', `${day}T10:00:00Z`));
    const answer = plan([...preDeploy, ...nightly('2026-11-24', '2026-11-25')]);
    expect(kept(answer)).toEqual(['2026-10-26', ...days.slice(2), '2026-11-24', '2026-11-25']);
    expect(reasonsFor(answer, '2026-10-26')).toEqual(['one of the last 5 pre-deploy']);
    const more = plan([...preDeploy, backup('pre-deploy', '2026-11-24'), ...nightly('2026-11-24', '2026-11-25')]);
    expect(reasonsFor(more, '2026-10-26')).toEqual(['5 newer pre-deploy ones are here']);
    const bad = backup('pre-deploy', '2026-11-24', 'too small');
    expect(kept(plan([...preDeploy, bad, ...nightly('2026-11-24', '2026-11-25')]))).toContain('2026-10-26');
  });

  it('keeps manual ones for thirty days, and nothing for longer', () => {
    const backups = [
      ...['2026-10-25', '2026-10-26'].map((day) => backup('manual', day)),
      ...nightly('2026-11-01', '2026-11-25'),
    ];
    expect(kept(plan(backups))).toContain('2026-10-26');
    expect(reasonsFor(plan(backups), '2026-10-25')).toEqual(['older than 30 days']);
  });
});

describe('What stays in a store', () => {
  const store = { place: 'store' } as const;

  it('is everything of ninety days, and the 1st of twelve months', () => {
    const answer = plan(nightly('2025-06-01', '2026-11-25'), store);
    const old = kept(answer).filter((day) => day < '2026-08-27');
    expect(old).toEqual([
      ...['2025-12-01', '2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01', '2026-05-01'],
      ...['2026-06-01', '2026-07-01', '2026-08-01'],
    ]);
    expect(kept(answer).filter((day) => day >= '2026-08-27')).toHaveLength(91);
    expect(reasonsFor(answer, '2026-08-26')).toEqual(['older than 90 days, and fills no monthly slot']);
    expect(reasonsFor(answer, '2026-08-01')).toEqual(['monthly slot of 2026-08']);
    expect(reasonsFor(answer, '2026-11-01')).toEqual([
      'not older than 90 days: kept until 2027-01-30',
      'monthly slot of 2026-11',
    ]);
    expect(reasonsFor(answer, '2025-11-01')).toEqual(['older than 90 days, and fills no monthly slot']);
  });

  it('lets the nearest verified one of the month stand in for the 1st', () => {
    const backups = nightly('2026-01-01', '2026-11-25', ['2026-03-02', '2026-05-01'], ['2026-03-01']);
    const answer = plan(backups, store);
    expect(reasonsFor(answer, '2026-03-03')).toEqual([
      'monthly slot of 2026-03, in the place of that of the 1st, which is missing',
    ]);
    expect(reasonsFor(answer, '2026-05-02')).toEqual([
      'monthly slot of 2026-05, in the place of that of the 1st, which is quarantined',
    ]);
    expect(kept(answer).filter((day) => day < '2026-08-01')).toEqual(
      ['01-01', '02-01', '03-03', '04-01', '05-02', '06-01', '07-01'].map((day) => `2026-${day}`),
    );
  });

  it('keeps manual and pre-deploy ones as long as the others', () => {
    const old = [backup('manual', '2026-08-26'), backup('pre-deploy', '2026-08-26T10:00:00Z')];
    const young = [backup('manual', '2026-08-27'), backup('pre-deploy', '2026-08-27T10:00:00Z')];
    const answer = plan([...old, ...young, ...nightly('2026-11-24', '2026-11-25')], store);
    expect(kept(answer)).toEqual(['2026-08-27', '2026-08-27', '2026-11-24', '2026-11-25']);
    expect(reasonsFor(answer, '2026-08-26')).toEqual(['older than 90 days', 'older than 90 days']);
  });
});

describe('What never goes', () => {
  it('is the newest two verified, however old they are beside the bad ones', () => {
    const backups = [...nightly('2026-08-01', '2026-08-02'), backup('manual', '2026-11-25', 'too small')];
    const answer = plan(backups);
    expect(kept(answer)).toEqual(['2026-08-01', '2026-08-02', '2026-11-25']);
    expect(answer.newestVerified).toBe('weekly-20260802T020000Z');
    const floor = plan(nightly('2026-06-01', '2026-06-05').concat(backup('manual', '2026-11-25')), {
      keep: { ...KEEP, floor: 3 },
    });
    expect(kept(floor)).toEqual(['2026-06-04', '2026-06-05', '2026-11-25']);
    expect(reasonsFor(floor, '2026-06-04')).toEqual(['newest 3 verified are never removed']);
  });

  it('is what something relies on', () => {
    const protectedIds = new Map([['daily-20260902T020000Z', 'rollback point of the running version']]);
    const answer = plan(nightly('2026-09-01', '2026-11-25'), { protectedIds });
    expect(reasonsFor(answer, '2026-09-02')).toEqual(['rollback point of the running version: never removed']);
    expect(kept(answer)[0]).toBe('2026-09-02');
  });

  it('is anything, where no verified backup is there', () => {
    const bad = ['2026-01-01', '2026-11-25'].map((day) => backup('manual', day, 'too small'));
    const answer = plan(bad);
    expect(kept(answer)).toHaveLength(2);
    expect(answer).toMatchObject({ newestVerified: null, refused: null });
    expect(reasonsFor(answer, '2026-01-01')).toEqual(['no verified backup is here to measure ages from']);
  });
});

describe('A quarantined backup', () => {
  it('evicts none that is good, stays for a while, and then goes', () => {
    const good = nightly('2026-10-01', '2026-11-15');
    const bad = ['16', '17', '18', '19', '20', '21', '22'].map((day) => `2026-11-${day}`);
    const before = kept(plan(good));
    const answer = plan([...good, ...nightly('2026-11-16', '2026-11-22', bad)]);
    expect(kept(answer)).toEqual([...before, ...bad]);
    expect(reasonsFor(answer, '2026-11-22')).toEqual(['quarantined: fills no slot; kept until 2026-12-22']);
    const later = plan(nightly('2026-10-01', '2026-12-23', ['2026-11-22', '2026-11-23']));
    expect(reasonsFor(later, '2026-11-22')).toEqual(['quarantined: fills no slot', 'older than 30 days']);
    expect(kept(later)).toContain('2026-11-23');
  });
});

describe('Ages', () => {
  it('are measured from the newest verified backup, never from the clock', () => {
    const backups = nightly('2026-09-01', '2026-11-25');
    const late = plan(backups, { now: new Date('2027-01-04T05:00:00Z') });
    expect(late.decisions).toEqual(plan(backups).decisions);
    expect(late.refused).toBeNull();
  });

  it('are days in UTC, whatever the hour', () => {
    const backups = [
      backup('daily', '2026-11-18T23:59:59Z'),
      backup('daily', '2026-11-19T00:00:00Z'),
      backup('manual', '2026-11-24T00:00:00Z'),
      backup('manual', '2026-11-25T00:00:00Z'),
    ];
    const answer = plan(backups, { keep: { ...KEEP, weeklyWeeks: 0 } });
    expect(answer.decisions.map(({ decision }) => decision)).toEqual(['keep', 'keep', 'keep', 'remove']);
  });
});

describe('A clock that can’t be trusted', () => {
  const backups = nightly('2026-09-01', '2026-11-25');
  const refusal = (now: string, told: RetentionQuestion['told'] = []) => {
    const answer = plan(backups, { now: new Date(now), told });
    expect(answer.decisions.some(({ decision }) => decision === 'remove')).toBe(answer.refused === null);
    return answer.refused;
  };

  it('is a minute behind the newest backup, a quarantined one as well', () => {
    expect(refusal('2026-11-25T01:59:00Z')).toBeNull();
    expect(refusal('2026-11-25T01:58:59Z')).toMatch(/is behind the newest backup here, daily-20261125T020000Z/);
    const bad = backup('daily', '2026-11-26', 'too small');
    const answer = plan([...backups, bad], { now: new Date('2026-11-25T12:00:00Z') });
    expect(answer.refused).toContain(bad.id);
    expect(reasonsFor(answer, '2026-09-01')).toEqual([`nothing is removed: ${answer.refused!}`, 'older than 30 days']);
    expect(reasonsFor(answer, '2026-11-25').join()).not.toContain('nothing is removed');
  });

  it('is two days ahead of a store’s', () => {
    const told = [
      { by: 'sftp', time: new Date('2026-11-27T00:00:00Z') },
      { by: 's3', time: new Date('2026-11-26T00:00:00Z') },
    ];
    expect(refusal('2026-11-28T00:00:00Z', told)).toBeNull();
    expect(refusal('2026-11-28T00:00:01Z', told)).toMatch(/is 48 hours ahead of that of s3/);
    expect(refusal('2026-11-25T03:00:00Z', told)).toBeNull();
  });
});

describe('One run', () => {
  it('removes no more than it may, the oldest first', () => {
    const backups = nightly('2026-09-01', '2026-11-25');
    const all = plan(backups).decisions.filter(({ decision }) => decision === 'remove');
    const { decisions } = plan(backups, { keep: { ...KEEP, removeAtMost: 20 } });
    expect(decisions.filter(({ decision }) => decision === 'remove')).toEqual(all.slice(-20));
    const deferred = decisions.filter((one) => one.deferred);
    expect(deferred.map(({ id }) => id)).toEqual(all.slice(0, -20).map(({ id }) => id));
    expect(deferred[0]).toMatchObject({
      decision: 'keep',
      reasons: ['until the next run: at most 20 are removed at once', all[0]!.reasons[0]],
    });
  });
});

describe('An archive without a manifest', () => {
  const backups = nightly('2026-11-01', '2026-11-25');
  const lone = (at: string, ageMs: number) => ({ ...backup('daily', at), ageMs });
  const judge = (archive: ReturnType<typeof lone>, changes: Partial<RetentionQuestion> = {}) =>
    plan(backups, { place: 'store', loneArchives: [archive], leftoverMs: 1000, ...changes }).decisions.find(
      ({ leftover }) => leftover,
    )!;

  it('goes once its upload can’t be under way any more', () => {
    expect(judge(lone('2026-10-24', 1000))).toMatchObject({
      decision: 'keep',
      reasons: ['an archive without a manifest: its upload may be under way'],
    });
    expect(judge(lone('2026-10-24', 1001))).toMatchObject({
      id: 'daily-20261024T020000Z',
      bytes: 1000,
      decision: 'remove',
      reasons: ['an archive without a manifest: left behind by an upload or a removal that did not come to its end'],
    });
    expect(judge(lone('2026-10-24', 1e12), { leftoverMs: undefined as never }).decision).toBe('keep');
  });

  it('stays where something relies on it, or too few newer backups are there', () => {
    const protectedIds = new Map([['daily-20261024T020000Z', 'rollback point of the running version']]);
    expect(judge(lone('2026-10-24', 5000), { protectedIds }).reasons).toEqual([
      'rollback point of the running version: never removed',
    ]);
    expect(judge(lone('2026-11-23T10:00:00Z', 5000)).decision).toBe('remove');
    expect(judge(lone('2026-11-24T10:00:00Z', 5000))).toMatchObject({
      decision: 'keep',
      reasons: ['an archive without a manifest: kept until 2 newer verified backups are here'],
    });
  });

  it('fills no slot and holds no floor', () => {
    const archive = lone('2026-11-25T10:00:00Z', 5000);
    const without = plan(backups, { place: 'store' });
    const { decisions, newestVerified } = plan(backups, { place: 'store', loneArchives: [archive] });
    expect(decisions.filter(({ leftover }) => !leftover)).toEqual(without.decisions);
    expect(newestVerified).toBe(without.newestVerified);
  });
});
