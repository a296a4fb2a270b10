import { ValidationFailed } from '../errors/platform.errors';

/** One page of a list and the way to the next. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** The place after which a page begins: the sort key of the last row seen, an instant and then a text that is unique. */
export interface KeysetPosition {
  at: Date;
  id: string;
}

/** The first instant with a year of five digits, which neither ISO 8601 nor PostgreSQL reads as a matter of course. */
const END_OF_TIME = Date.UTC(10_000, 0);
const ROW_ID = /^[\x21-\x7e]{1,100}$/;

export function encodeCursor({ at, id }: KeysetPosition): string {
  return Buffer.from(JSON.stringify([at.getTime(), id])).toString('base64url');
}

/** @throws ValidationFailed for a text that no list gave out */
export function decodeCursor(cursor: string): KeysetPosition {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
    if (
      Number.isInteger(at) &&
      (at as number) >= 0 &&
      (at as number) < END_OF_TIME &&
      typeof id === 'string' &&
      ROW_ID.test(id)
    ) {
      return { at: new Date(at as number), id };
    }
  } catch {
    // Not JSON: refused below.
  }
  throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
}

/**
 * Cuts a page out of rows of which one more than the limit was asked for.
 * @param positionOf the sort key of a row
 */
export function toPage<Row, T>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => KeysetPosition,
  toItem: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), nextCursor: rows.length > limit && last ? encodeCursor(positionOf(last)) : null };
}
