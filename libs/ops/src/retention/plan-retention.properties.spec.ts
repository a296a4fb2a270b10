import fc from 'fast-check';
import { BACKUP_KINDS, formatBackupId } from '../backups/backup-id';
import type { KnownBackup } from './known-backup';
import { planRetention, type RetentionAnswer } from './plan-retention';
import type { RetentionQuestion } from './retention-question';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);
const NOW = new Date(Date.UTC(2028, 0, 1));

const someBackup = fc
  .record({
    kind: fc.constantFrom(...BACKUP_KINDS),
    hour: fc.integer({ min: 0, max: 500 * 24 }),
    bad: fc.boolean(),
    bytes: fc.nat(1_000_000),
  })
  .map(({ kind, hour, bad, bytes }): KnownBackup => {
    const at = new Date(START_MS + hour * HOUR_MS);
    return { id: formatBackupId({ kind, at }), kind, at, bytes, quarantined: bad ? 'too small' : null };
  });

const question = fc.record({
  place: fc.constantFrom('local' as const, 'store' as const),
  backups: fc.uniqueArray(someBackup, { selector: ({ id }) => id, maxLength: 120 }),
  keep: fc.record({
    dailyDays: fc.integer({ min: 1, max: 14 }),
    weeklyWeeks: fc.nat(8),
    monthlyMonths: fc.nat(14),
    preDeploy: fc.integer({ min: 1, max: 6 }),
    localDays: fc.integer({ min: 1, max: 60 }),
    remoteDays: fc.integer({ min: 1, max: 120 }),
    floor: fc.integer({ min: 2, max: 5 }),
    removeAtMost: fc.integer({ min: 1, max: 150 }),
  }),
  now: fc.constant(NOW),
  told: fc.constant([]),
  protectedIds: fc.constant(new Map<string, string>()),
}) satisfies fc.Arbitrary<RetentionQuestion>;

function goneOf({ decisions }: RetentionAnswer): Set<string> {
  return new Set(decisions.filter(({ decision }) => decision === 'remove').map(({ id }) => id));
}

/** As if one run could remove any number. */
function dueOf(asked: RetentionQuestion): Set<string> {
  return goneOf(planRetention({ ...asked, keep: { ...asked.keep, removeAtMost: 1e6 } }));
}

function newestVerified(backups: readonly KnownBackup[], count: number): KnownBackup[] {
  const sound = backups.filter(({ quarantined }) => quarantined === null);
  return sound.sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, count);
}

describe('A retention plan, whatever is there', () => {
  it('decides on each backup once, with a reason, the newest first', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { decisions } = planRetention(asked);
        expect(decisions.map(({ id }) => id).toSorted()).toEqual(asked.backups.map(({ id }) => id).toSorted());
        expect(decisions.map(({ at }) => at)).toEqual(
          decisions
            .map(({ at }) => at)
            .toSorted()
            .toReversed(),
        );
        for (const { reasons } of decisions) {
          expect(reasons.length).toBeGreaterThan(0);
          for (const reason of reasons) expect(reason).not.toMatch(/undefined|NaN|^$/);
        }
      }),
    );
  });

  it('leaves the newest verified ones, as many as the floor says or all there are', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const due = dueOf(asked);
        const left = asked.backups.filter(({ id, quarantined }) => quarantined === null && !due.has(id));
        const all = asked.backups.filter(({ quarantined }) => quarantined === null);
        expect(left.length).toBeGreaterThanOrEqual(Math.min(asked.keep.floor, all.length));
        const oldestOfFloor = newestVerified(asked.backups, asked.keep.floor).at(-1);
        for (const { at, quarantined, id } of asked.backups) {
          if (oldestOfFloor && quarantined === null && at > oldestOfFloor.at) expect(due.has(id)).toBe(false);
        }
      }),
    );
  });

  it('removes nothing young, and nothing protected', () => {
    fc.assert(
      fc.property(question, fc.nat(119), (asked, n) => {
        const { place, keep, backups } = asked;
        const chosen = backups[n % Math.max(1, backups.length)];
        const protectedIds = new Map(chosen ? [[chosen.id, 'relied on']] : []);
        const due = dueOf({ ...asked, protectedIds });
        if (chosen) expect(due.has(chosen.id)).toBe(false);
        const newest = newestVerified(backups, 1)[0];
        const days = place === 'store' ? keep.remoteDays : Math.min(keep.dailyDays - 1, keep.localDays);
        for (const { id, at, kind, quarantined } of backups) {
          const young = !newest || newest.at.getTime() - at.getTime() <= days * 24 * HOUR_MS;
          const counted = place === 'local' && kind === 'pre-deploy' && quarantined === null;
          // Days begin at midnight: what is young by the hour can be older by a day, never the other way round.
          if (young && !counted && due.has(id)) expect(Math.floor(dayApart(newest!.at, at))).toBe(days + 1);
        }
      }),
    );
  });

  it('evicts nothing for a quarantined one', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const good = asked.backups.filter(({ quarantined }) => quarantined === null);
        const alone = dueOf({ ...asked, backups: good });
        const due = dueOf(asked);
        expect(new Set(good.map(({ id }) => id).filter((id) => due.has(id)))).toEqual(alone);
      }),
    );
  });

  it('is done once it was applied, run by run', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const due = dueOf(asked);
        let { backups } = asked as RetentionQuestion;
        const removed = new Set<string>();
        for (let run = 0; run * asked.keep.removeAtMost <= due.size; run++) {
          const gone = goneOf(planRetention({ ...asked, backups }));
          expect(gone.size).toBe(Math.min(asked.keep.removeAtMost, due.size - removed.size));
          const oldest = backups.filter(({ id }) => due.has(id)).map(({ at }) => at.getTime());
          const last = Math.max(...backups.filter(({ id }) => gone.has(id)).map(({ at }) => at.getTime()));
          expect(oldest.filter((at) => at < last).length).toBeLessThanOrEqual(gone.size);
          for (const id of gone) removed.add(id);
          backups = backups.filter(({ id }) => !gone.has(id));
        }
        expect(removed).toEqual(due);
        expect(goneOf(planRetention({ ...asked, backups })).size).toBe(0);
      }),
    );
  });

  it('is the same in whatever order it is told of them, and whatever the clock says', () => {
    fc.assert(
      fc.property(question, fc.nat(10_000), (asked, days) => {
        const other = { ...asked, backups: asked.backups.toReversed(), now: new Date(+NOW + days * 24 * HOUR_MS) };
        expect(planRetention(other)).toEqual(planRetention(asked));
      }),
    );
  });

  it('removes nothing where the clock can’t be trusted', () => {
    fc.assert(
      fc.property(question, fc.integer({ min: 0, max: 499 * 24 }), fc.boolean(), (asked, hours, ahead) => {
        const newest = Math.max(...asked.backups.map(({ at }) => at.getTime()));
        const now = new Date(newest - 60_001 - hours * 1000);
        const told = [{ by: 's3', time: new Date(+NOW - (48 * HOUR_MS + 1 + hours)) }];
        fc.pre(asked.backups.length > 0);
        const answer = planRetention({ ...asked, ...(ahead ? { told } : { now }) });
        expect(answer.refused).not.toBeNull();
        expect(goneOf(answer).size).toBe(0);
      }),
    );
  });
});

function dayApart(a: Date, b: Date): number {
  const day = (instant: Date): number => Math.floor(instant.getTime() / (24 * HOUR_MS));
  return day(a) - day(b);
}
