import { type BackupKind, formatBackupId } from '../backups/backup-id';
import type { KnownBackup } from './known-backup';
import { planRetention } from './plan-retention';
import type { RetentionQuestion } from './retention-question';
import { KEEP } from './spec-support/keep';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NIGHTS = 500;
const FIRST_MS = Date.UTC(2025, 0, 6, 2);

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let n = Math.imul(state ^ (state >>> 15), 1 | state);
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n;
    return ((n ^ (n >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Far cheaper than expect(), and there are a million of them. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It must hold that ${what}`);
}

function isNightly({ kind }: KnownBackup): boolean {
  return ['daily', 'weekly', 'monthly'].includes(kind);
}

function monthOf(at: Date): number {
  return at.getUTCFullYear() * 12 + at.getUTCMonth();
}

/** From Monday to Sunday; the 5th of January 1970 was a Monday. */
function weekOf(at: Date): number {
  return Math.floor((at.getTime() / DAY_MS - 4) / 7);
}

/** An installation as it lives: what every night makes, and what is left of it in one place. */
class Installation {
  there: KnownBackup[] = [];
  /** All that was ever there, good ones only. */
  readonly good: KnownBackup[] = [];
  readonly protectedIds = new Map<string, string>();
  removals = 0;
  refusals = 0;

  constructor(readonly place: RetentionQuestion['place']) {}

  add(kind: BackupKind, at: Date, quarantined: string | null): void {
    const backup = { id: formatBackupId({ kind, at }), kind, at, bytes: 1, quarantined };
    this.there.push(backup);
    if (quarantined === null) this.good.push(backup);
  }

  /** Prunes, and checks what must hold whatever has happened. @param now by this machine's clock */
  prune(now: Date, truth: Date, removeAtMost = KEEP.removeAtMost): void {
    const keep = { ...KEEP, removeAtMost };
    const { place, protectedIds } = this;
    const question = { place, protectedIds, keep, now, told: [{ by: 's3', time: truth }], backups: this.there };
    const { refused, decisions } = planRetention(question);
    const gone = new Set(decisions.filter(({ decision }) => decision === 'remove').map(({ id }) => id));
    if (refused !== null) {
      this.refusals++;
      must(gone.size === 0, 'a refused plan removes nothing');
      return;
    }
    must(gone.size <= removeAtMost, 'a run removes no more than it may');
    this.checkFloor(gone);
    this.checkNoneYoung(gone);
    this.there = this.there.filter(({ id }) => !gone.has(id));
    this.removals += gone.size;
    const again = planRetention({ ...question, backups: this.there });
    const more = again.decisions.filter(({ decision }) => decision === 'remove').length;
    const deferred = decisions.filter((one) => one.deferred).length;
    must(more === Math.min(removeAtMost, deferred), 'the next plan removes what was deferred, and nothing else');
    if (more === 0) this.checkNothingTooMany();
  }

  private checkFloor(gone: ReadonlySet<string>): void {
    const there = new Set(this.there.map(({ id }) => id));
    for (const id of [...this.good.slice(-KEEP.floor).map((one) => one.id), ...this.protectedIds.keys()]) {
      must(there.has(id) && !gone.has(id), `${id} stays: it is of the floor, or protected`);
    }
  }

  /** Measured here by the days of the newest good one, apart from the code that is tested. */
  private checkNoneYoung(gone: ReadonlySet<string>): void {
    for (const backup of this.there)
      if (gone.has(backup.id)) must(this.mayGo(backup), `${backup.id} is too young to go`);
  }

  private mayGo({ at, kind, quarantined }: KnownBackup): boolean {
    const age = this.age(at);
    if (this.place === 'store') return age > KEEP.remoteDays;
    if (quarantined !== null || kind === 'manual') return age > KEEP.localDays;
    if (kind !== 'pre-deploy') return age >= KEEP.dailyDays;
    const newer = this.good.filter((other) => other.kind === 'pre-deploy' && other.at > at).length;
    return newer >= KEEP.preDeploy || age > KEEP.localDays;
  }

  private checkNothingTooMany(): void {
    const floor = new Set(this.good.slice(-KEEP.floor).map(({ id }) => id));
    const rest = this.there.filter(({ id }) => !floor.has(id) && !this.protectedIds.has(id));
    if (this.place === 'local') {
      must(!rest.some(({ at }) => this.age(at) > KEEP.localDays), 'nothing local is older than it may be');
      const old = rest.filter(
        (one) => isNightly(one) && one.quarantined === null && this.age(one.at) >= KEEP.dailyDays,
      );
      must(old.length <= KEEP.weeklyWeeks, 'there are no more weekly ones than slots');
      const preDeploy = rest.filter(({ kind, quarantined }) => kind === 'pre-deploy' && quarantined === null);
      must(preDeploy.length <= KEEP.preDeploy, 'there are no more pre-deploy ones than slots');
    } else {
      const old = rest.filter(({ at }) => this.age(at) > KEEP.remoteDays);
      must(new Set(old.map(({ at }) => monthOf(at))).size === old.length, 'a month has one slot');
      must(old.length < KEEP.monthlyMonths, 'there are no more monthly ones than slots');
      must(!old.some(({ quarantined }) => quarantined !== null), 'what is quarantined fills no slot');
    }
  }

  /** Of each week or month that has had a good one and is kept, one is there. */
  checkSlots(): void {
    const newest = this.good.at(-1)!.at;
    const there = this.there.filter((one) => isNightly(one) && one.quarantined === null);
    const months = new Set(there.map(({ at }) => monthOf(at)));
    const ids = new Set(there.map(({ id }) => id));
    const lastOfWeek = new Map<number, KnownBackup>();
    for (const backup of this.good.filter(isNightly)) {
      lastOfWeek.set(weekOf(backup.at), backup);
      if (this.place === 'local' || monthOf(newest) - monthOf(backup.at) >= KEEP.monthlyMonths) continue;
      must(months.has(monthOf(backup.at)), `the month of ${backup.id} has a backup`);
    }
    if (this.place === 'store') return;
    for (const [week, backup] of lastOfWeek) {
      const sunday = (week + 1) * 7 + 3;
      const isRecent = Math.floor(newest.getTime() / DAY_MS) - sunday < 7 * KEEP.weeklyWeeks;
      if (isRecent && this.age(backup.at) <= KEEP.localDays)
        must(ids.has(backup.id), `${backup.id} fills its week's slot`);
    }
  }

  private age(at: Date): number {
    const day = (instant: Date): number => Math.floor(instant.getTime() / DAY_MS);
    return day(this.good.at(-1)!.at) - day(at);
  }
}

function kindOf(at: Date): BackupKind {
  return at.getUTCDate() === 1 ? 'monthly' : at.getUTCDay() === 0 ? 'weekly' : 'daily';
}

describe.each(['local', 'store'] as const)('Five hundred nights in one place (%s)', (place) => {
  it.each([1, 2, 3, 4, 5, 6])('with failures, gaps, bad dumps, clocks that step and deployments (seed %i)', (seed) => {
    const random = chance(seed);
    const life = new Installation(place);
    let gap = 0;
    for (let night = 0; night < NIGHTS; night++) {
      const truth = new Date(FIRST_MS + night * DAY_MS);
      if (gap > 0) gap--;
      else if (random() < 0.01) gap = Math.floor(random() * 12);
      else if (random() > 0.1) {
        const late = random() < 0.1 ? Math.floor(random() * 20) * HOUR_MS : 0;
        life.add(kindOf(truth), new Date(truth.getTime() + late), random() < 0.08 ? 'too small' : null);
      }
      const later = (hours: number): Date => new Date(truth.getTime() + hours * HOUR_MS);
      if (random() < 0.15) life.add('pre-deploy', later(21), random() < 0.05 ? 'too small' : null);
      if (random() < 0.05) life.add('manual', later(22), null);
      const chosen = life.there[Math.floor(random() * life.there.length)];
      if (chosen && random() < 0.02) life.protectedIds.set(chosen.id, 'rollback point');
      else if (random() < 0.02) life.protectedIds.clear();
      if (life.good.length === 0) continue;
      const end = later(23);
      const step = random() < 0.05 ? (random() < 0.5 ? 60 : -3) * DAY_MS : 0;
      life.prune(new Date(end.getTime() + step), end, random() < 0.3 ? 1 + Math.floor(random() * 3) : undefined);
      life.checkSlots();
    }
    expect(life.removals).toBeGreaterThan(100);
    expect(life.refusals).toBeGreaterThan(5);
  });

  it('without any trouble leaves what the policy says', () => {
    const life = new Installation(place);
    for (let night = 0; night < NIGHTS; night++) {
      const at = new Date(FIRST_MS + night * DAY_MS);
      life.add(kindOf(at), at, null);
      life.prune(new Date(at.getTime() + HOUR_MS), at);
    }
    // The last night is that of Wednesday the 20th of May 2026.
    expect(life.there.at(-1)!.id).toBe('daily-20260520T020000Z');
    const firsts = life.there.filter(({ at }) => at.getUTCDate() === 1);
    const days = life.there.map(({ at }) => at.toISOString().slice(5, 10));
    if (place === 'store') {
      expect(firsts).toHaveLength(12);
      expect(life.there).toHaveLength(91 + 12 - 4 + 1);
    } else {
      const week = ['05-14', '05-15', '05-16', '05-17', '05-18', '05-19', '05-20'];
      expect(days).toEqual(['04-26', '05-03', '05-10', ...week]);
    }
  });

  it('with seven bad dumps in a row loses no good one', () => {
    const life = new Installation(place);
    const night = (n: number, quarantined: string | null): void => {
      const at = new Date(FIRST_MS + n * DAY_MS);
      life.add(kindOf(at), at, quarantined);
      life.prune(new Date(at.getTime() + HOUR_MS), at);
    };
    for (let n = 0; n < 120; n++) night(n, null);
    const good = [...life.there];
    for (let n = 120; n < 127; n++) night(n, 'too small');
    expect(life.there.slice(0, -7)).toEqual(good);
    expect(life.there).toHaveLength(good.length + 7);
  });

  it('with forty nights of failures keeps what was there on the last good one', () => {
    const life = new Installation(place);
    for (let n = 0; n < 120; n++) life.add('daily', new Date(FIRST_MS + n * DAY_MS), null);
    const last = life.good.at(-1)!.at;
    for (let n = 0; n < 8; n++) life.prune(last, last);
    const left = [...life.there];
    expect(left.length).toBe(place === 'local' ? 10 : 91 + 2);
    for (let n = 1; n <= 40; n++) {
      const now = new Date(last.getTime() + n * DAY_MS);
      life.prune(now, now);
    }
    expect(life.there).toEqual(left);
    // The first one after them makes the others old; the newest of those stays beside it.
    const next = new Date(last.getTime() + 41 * DAY_MS);
    life.add('daily', next, null);
    for (let n = 0; n < 8; n++) life.prune(next, next);
    if (place === 'local') expect(life.there.map(({ at }) => at)).toEqual([last, next]);
  });
});
