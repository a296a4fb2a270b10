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

export function encodeCursor({ at, id }: KeysetPosition): string {
  return Buffer.from(JSON.stringify([at.getTime(), id])).toString('base64url');
}

/** @throws ValidationFailed for a text that no list gave out */
export function decodeCursor(cursor: string): KeysetPosition {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
    if (typeof at === 'number' && Number.isSafeInteger(at) && Math.abs(at) <= 8.64e15 && typeof id === 'string') {
      return { at: new Date(at), id };
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
