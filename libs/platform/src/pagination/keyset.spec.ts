import fc from 'fast-check';
import { ValidationFailed } from '../errors/platform.errors';
import { decodeCursor, encodeCursor, toPage } from './keyset';

const instant = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z') });
const rowId = fc.stringMatching(/^[\x21-\x7e]{1,100}$/);
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('A cursor', () => {
  it('comes back as the place it was made of', () => {
    fc.assert(
      fc.property(instant, rowId, (at, id) => {
        const cursor = encodeCursor({ at, id });
        expect(decodeCursor(cursor)).toEqual({ at, id });
        expect(cursor).toMatch(/^[\w-]+$/);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no base64', 'é€!'],
    ['no JSON', Buffer.from('hello').toString('base64url')],
    ['an object', encode({ at: 1, id: 'x' })],
    ['null', encode(null)],
    ['an empty list', encode([])],
    ['a time that is a text', encode(['2026-01-01', 'x'])],
    ['a time beyond all calendars', encode([8.64e15 + 1, 'x'])],
    ['a time before all databases', encode([-8.64e15, 'x'])],
    ['an id with a zero byte', encode([1, 'a\0'])],
    ['an empty id', encode([1, ''])],
    ['a fraction of a millisecond', encode([1.5, 'x'])],
    ['no id', encode([1])],
    ['an id that is a number', encode([1, 2])],
    ['SQL', "'; DROP TABLE tickets; --"],
  ])('is refused where it is %s', (_, cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(ValidationFailed);
  });

  it('is refused, or a place, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => Buffer.from(json).toString('base64url')),
        ),
        (text) => {
          try {
            const { at, id } = decodeCursor(text);
            expect(Number.isNaN(at.getTime())).toBe(false);
            expect(typeof id).toBe('string');
          } catch (error) {
            expect(error).toBeInstanceOf(ValidationFailed);
            expect((error as ValidationFailed).fields).toEqual([{ path: 'cursor', message: 'cursor' }]);
          }
        },
      ),
    );
  });
});

describe('toPage', () => {
  const rows = ['a', 'b', 'c'].map((id, n) => ({ id, at: new Date(n) }));
  const page = (some: typeof rows, limit: number) =>
    toPage(
      some,
      limit,
      (row) => row,
      ({ id }) => id,
    );

  it('cuts the row that was asked for beyond the limit, and points after the last one shown', () => {
    const { items, nextCursor } = page(rows, 2);
    expect(items).toEqual(['a', 'b']);
    expect(decodeCursor(nextCursor ?? '')).toEqual({ id: 'b', at: new Date(1) });
  });

  it('points nowhere at the end', () => {
    expect(page(rows, 3)).toEqual({ items: ['a', 'b', 'c'], nextCursor: null });
    expect(page([], 3)).toEqual({ items: [], nextCursor: null });
  });
});
