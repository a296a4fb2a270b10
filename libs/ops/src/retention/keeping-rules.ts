import { isScheduled } from '../backups/backup-id';
import type { KnownBackup, LoneArchive } from './known-backup';
import type { RetentionQuestion, Verdict } from './retention-question';
import { type FilledSlots, monthlySlots, weeklySlots } from './slots';
import { formatUtcDay, type UtcDay, utcDayOf } from './utc-day';

const NONE: FilledSlots = new Map();

/** What keeps a backup in one place, worked out from all that are there. */
export class KeepingRules {
  /** Of those that are verified and not quarantined. */
  readonly newest: KnownBackup | undefined;
  private readonly floor: readonly KnownBackup[];
  private readonly lastPreDeploy: ReadonlySet<string>;
  private readonly weekly: FilledSlots;
  private readonly monthly: FilledSlots;

  constructor(private readonly question: RetentionQuestion) {
    const { backups, keep, place } = question;
    const trusted = backups.filter(({ quarantined }) => quarantined === null).sort(newestFirst);
    this.newest = trusted[0];
    this.floor = trusted.slice(0, keep.floor);
    const preDeploy = trusted.filter(({ kind }) => kind === 'pre-deploy').slice(0, keep.preDeploy);
    this.lastPreDeploy = new Set(preDeploy.map(({ id }) => id));
    const scheduled = backups.filter(({ kind }) => isScheduled(kind));
    const day = this.newest && utcDayOf(this.newest.at);
    this.weekly = day === undefined || place === 'store' ? NONE : weeklySlots(scheduled, day, keep.weeklyWeeks);
    this.monthly = day === undefined || place === 'local' ? NONE : monthlySlots(scheduled, day, keep.monthlyMonths);
  }

  judge(backup: KnownBackup): Verdict {
    const { newest } = this;
    if (!newest) return kept('no verified backup is here to measure ages from');
    const always = this.whatever(backup);
    const { days, until } = this.limit(backup);
    const isOld = utcDayOf(newest.at) - utcDayOf(backup.at) > days;
    if (backup.quarantined !== null) {
      const quarantined = 'quarantined: fills no slot';
      if (!isOld) return { keep: [...always, `${quarantined}; kept until ${until}`], why: [] };
      return { keep: always, why: [quarantined, `older than ${days} days`] };
    }
    const slots = this.question.place === 'local' ? this.localReasons(backup, isOld) : this.storeReasons(backup, isOld);
    return { keep: [...always, ...slots], why: [this.whyGone(backup, isOld)] };
  }

  judgeLone(archive: LoneArchive): Verdict {
    const { protectedIds, keep, leftoverMs = Infinity } = this.question;
    const what = 'an archive without a manifest';
    const why = protectedIds.get(archive.id);
    if (why !== undefined) return kept(`${why}: never removed`);
    if (archive.ageMs <= leftoverMs) return kept(`${what}: its upload may be under way`);
    // Were all manifests lost, the archives would be all there is.
    const newer = this.floor.filter(({ at }) => at > archive.at).length;
    if (newer < keep.floor) return kept(`${what}: kept until ${keep.floor} newer verified backups are here`);
    return { keep: [], why: [`${what}: left behind by an upload or a removal that did not come to its end`] };
  }

  /** However old it is. */
  private whatever({ id }: KnownBackup): string[] {
    const { protectedIds, keep } = this.question;
    const reasons: string[] = [];
    if (this.floor.some((one) => one.id === id)) {
      reasons.push(`newest ${keep.floor === 2 ? 'two' : keep.floor} verified are never removed`);
    }
    const why = protectedIds.get(id);
    if (why !== undefined) reasons.push(`${why}: never removed`);
    return reasons;
  }

  private localReasons(backup: KnownBackup, isOld: boolean): string[] {
    if (isOld) return [];
    const { keep } = this.question;
    const { id, kind, at } = backup;
    if (kind === 'manual') return [`manual: kept until ${this.limit(backup).until}`];
    if (kind === 'pre-deploy')
      return this.lastPreDeploy.has(id) ? [`one of the last ${keep.preDeploy} pre-deploy`] : [];
    const reasons: string[] = [];
    if (this.age(at) < keep.dailyDays) reasons.push(`daily slot of ${formatUtcDay(utcDayOf(at))}`);
    const weekly = this.weekly.get(id);
    if (weekly !== undefined) reasons.push(weekly);
    return reasons;
  }

  private storeReasons(backup: KnownBackup, isOld: boolean): string[] {
    const monthly = this.monthly.get(backup.id);
    const { days, until } = this.limit(backup);
    return [
      ...(isOld ? [] : [`not older than ${days} days: kept until ${until}`]),
      ...(monthly === undefined ? [] : [monthly]),
    ];
  }

  private whyGone(backup: KnownBackup, isOld: boolean): string {
    const { keep, place } = this.question;
    const age = this.age(backup.at);
    if (isOld) {
      const limit = `older than ${this.limit(backup).days} days`;
      return place === 'store' && isScheduled(backup.kind) ? `${limit}, and fills no monthly slot` : limit;
    }
    if (backup.kind === 'pre-deploy') return `${keep.preDeploy} newer pre-deploy ones are here`;
    return `${age} days before the newest, so past the ${keep.dailyDays} daily slots, and fills no weekly slot`;
  }

  /** Nothing stays longer without a reason of its own. */
  private limit({ at }: KnownBackup): { days: number; until: string } {
    const { place, keep } = this.question;
    const days = place === 'local' ? keep.localDays : keep.remoteDays;
    return { days, until: formatUtcDay(utcDayOf(at) + days) };
  }

  private age(at: Date): UtcDay {
    return this.newest ? utcDayOf(this.newest.at) - utcDayOf(at) : 0;
  }
}

function kept(reason: string): Verdict {
  return { keep: [reason], why: [] };
}

function newestFirst(a: KnownBackup, b: KnownBackup): number {
  return b.at.getTime() - a.at.getTime() || (a.id < b.id ? -1 : 1);
}
