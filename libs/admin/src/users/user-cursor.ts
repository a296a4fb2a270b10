import { ValidationFailed } from '@tiptop/platform';
import { isUUID } from 'class-validator';
import type { UserSort } from './dto/users.query';
import { isNameSort } from './user-order';

const END_OF_TIME = Date.UTC(10_000, 0);
/** Of sixty characters, each of which may be two to JavaScript. */
const NAME_KEY_LENGTH = 120;
/** PostgreSQL holds neither a zero byte nor half a character. */
const UNSTORABLE = /\0|\p{Cs}/u;

/** The place after which a page begins: what the list is sorted by, of the last row seen, and its id. */
export interface UserPosition {
  /** The key of a name, or an instant. */
  key: string | Date;
  id: string;
}

/** Names its order, since a place in one order is none in another. */
export function encodeUserCursor(sort: UserSort, { key, id }: UserPosition): string {
  return Buffer.from(JSON.stringify([sort, key instanceof Date ? key.getTime() : key, id])).toString('base64url');
}

/** @throws ValidationFailed for a text that the list did not give out in this order */
export function decodeUserCursor(sort: UserSort, cursor: string): UserPosition {
  try {
    const [order, key, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (order === sort && isUUID(id)) {
      if (isNameSort(sort)) {
        if (typeof key === 'string' && key.length <= NAME_KEY_LENGTH && !UNSTORABLE.test(key)) {
          return { key, id: id as string };
        }
      } else if (Number.isInteger(key) && (key as number) >= 0 && (key as number) < END_OF_TIME) {
        return { key: new Date(key as number), id: id as string };
      }
    }
  } catch {
    // Not JSON: refused below.
  }
  throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
}
