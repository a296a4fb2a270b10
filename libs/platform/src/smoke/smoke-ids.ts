/**
 * Contests and people of smoke journeys, which never count, are known by their ids: of version 8, which nobody draws by
 * chance. So a constraint of the database, a trigger and a query tell them apart without looking anything up, what is
 * theirs stays theirs, and a play costs no more than before. The same range stands in a migration.
 */
const FIRST = '00000000-0000-8000-8000-000000000000';
const LAST = '00000000-0000-8000-8000-ffffffffffff';
const PREFIX = FIRST.slice(0, -12);

/** @param number from 1; of contests and of people each on its own */
export function smokeId(number: number): string {
  return PREFIX + number.toString(16).padStart(12, '0');
}

/** The number that an id was made of. */
export function smokeNumber(id: string): number {
  return Number.parseInt(id.slice(PREFIX.length), 16);
}

/** Whether a contest or a person is there for smoke journeys only. */
export function isSmokeId(id: string): boolean {
  return id.toLowerCase().startsWith(PREFIX);
}

/** @param id SQL of the id of a contest or a person */
export function isSmokeSql(id: string): string {
  return `${id} BETWEEN '${FIRST}' AND '${LAST}'`;
}

/** What counts. @param id SQL of the id of a contest or a person, which is not null */
export function isRealSql(id: string): string {
  return `${id} NOT BETWEEN '${FIRST}' AND '${LAST}'`;
}
