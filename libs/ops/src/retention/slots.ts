import type { KnownBackup } from './known-backup';
import { firstOfMonth, formatMonth, formatUtcDay, monthNumberOf, sundayOf, type UtcDay, utcDayOf } from './utc-day';

/** Which backup fills a slot, and what a person is told of it. */
export type FilledSlots = ReadonlyMap<string, string>;

/** A week or a month of which one backup is kept. */
interface Slot {
  /** Whose backup fills it by rights. */
  day: UtcDay;
  text: string;
  /** Whose day that is: `Sunday’s`. */
  whose: string;
}

/**
 * One for each week: Sunday's, or the nearest before it. The week that is not over has one as well, the newest so far, so
 * that something of it is left however few days are kept.
 * @param backups that the calendar made, quarantined ones as well
 * @param newest day of the newest verified backup
 */
export function weeklySlots(backups: readonly KnownBackup[], newest: UtcDay, weeks: number): FilledSlots {
  const thisSunday = sundayOf(newest);
  const lastSunday = thisSunday === newest ? newest : thisSunday - 7;
  const oldest = lastSunday - 7 * (weeks - 1);
  return fill(
    backups,
    (day) => {
      const sunday = sundayOf(day);
      if (weeks === 0 || sunday < oldest) return undefined;
      return { day: sunday, text: `weekly slot, week to Sunday ${formatUtcDay(sunday)}`, whose: 'Sunday’s' };
    },
    newest,
  );
}

/** One for each month, the newest backup's included: that of the 1st, or the nearest after it. */
export function monthlySlots(backups: readonly KnownBackup[], newest: UtcDay, months: number): FilledSlots {
  const thisMonth = monthNumberOf(newest);
  return fill(
    backups,
    (day) => {
      if (thisMonth - monthNumberOf(day) >= months) return undefined;
      return { day: firstOfMonth(day), text: `monthly slot of ${formatMonth(day)}`, whose: 'that of the 1st' };
    },
    newest,
  );
}

function fill(backups: readonly KnownBackup[], slotOf: (day: UtcDay) => Slot | undefined, newest: UtcDay): FilledSlots {
  const members = new Map<UtcDay, { slot: Slot; backups: KnownBackup[] }>();
  for (const backup of backups) {
    const slot = slotOf(utcDayOf(backup.at));
    if (!slot) continue;
    const there = members.get(slot.day);
    if (there) there.backups.push(backup);
    else members.set(slot.day, { slot, backups: [backup] });
  }
  const filled = new Map<string, string>();
  for (const { slot, backups: candidates } of members.values()) {
    const holder = candidates.filter(({ quarantined }) => quarantined === null).sort(nearestTo(slot.day))[0];
    if (holder) filled.set(holder.id, textOf(slot, holder, candidates, newest));
  }
  return filled;
}

/** The nearest day first; of one day the newest, and of one moment always the same. */
function nearestTo(target: UtcDay): (a: KnownBackup, b: KnownBackup) => number {
  const distance = ({ at }: KnownBackup): number => Math.abs(utcDayOf(at) - target);
  return (a, b) => distance(a) - distance(b) || b.at.getTime() - a.at.getTime() || (a.id < b.id ? -1 : 1);
}

function textOf(
  { day, text, whose }: Slot,
  holder: KnownBackup,
  candidates: readonly KnownBackup[],
  newest: UtcDay,
): string {
  if (utcDayOf(holder.at) === day) return text;
  if (day > newest) return `${text}, which is not over`;
  const there = candidates.some(({ at }) => utcDayOf(at) === day);
  return `${text}, in the place of ${whose}, which is ${there ? 'quarantined' : 'missing'}`;
}
