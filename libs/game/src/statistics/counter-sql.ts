/** What is counted. `printed`, `played` and `claimed` are tickets, `registered` are accounts of customers. */
export type CounterKind = 'printed' | 'played' | 'claimed' | 'registered';

/** The quarter of an hour that a time falls in, by its begin. */
export function slotSql(at: string): string {
  return `date_bin('15 minutes', ${at}, timestamptz '2000-01-01T00:00:00Z')`;
}

/**
 * SQL of somebody's age at a time, in whole years; null where nobody stated a birth date (1900-01-01 stands for that).
 * @param at SQL of the time
 * @param birthDate SQL of the day of birth
 * @param timeZone SQL of the time zone in which birthdays begin
 */
export function ageSql(at: string, birthDate: string, timeZone: string): string {
  return `CASE WHEN ${birthDate} > '1900-01-01' THEN
    date_part('year', age((${at} AT TIME ZONE ${timeZone})::date::timestamp, ${birthDate}::timestamp))::smallint END`;
}

/** Who sums up, or builds the sums anew, holds this lock. Nobody else waits for it. */
export const FOLDING_LOCK = 'fold-counters';
