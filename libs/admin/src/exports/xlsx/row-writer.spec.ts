import fc from 'fast-check';
import { type Column, type ColumnKind, looksLikeFormula } from '../column';
import { copyText } from './copy-text';
import { RowWriter } from './row-writer';

interface Cell {
  reference: string;
  type: string;
  style: string;
  value: string;
}

const CELL =
  /<c r="([A-Z]+\d+)"(?: t="(\w+)")?(?: s="(\d+)")?>(?:<v>([^<]*)<\/v>|<is><t( xml:space="preserve")?>([^<]*)<\/t><\/is>)<\/c>/gs;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** As a spreadsheet reads it: XML first, then the characters that are written by their number. */
function read(xml: string): Cell[] {
  expect(xml.replace(CELL, '')).toMatch(/^(<row r="\d+"><\/row>)*$/);
  return [...xml.matchAll(CELL)].map(([, reference = '', type = 'n', style = '0', number, preserved, text = '']) => {
    // eslint-disable-next-line no-control-regex -- XML knows none of these
    expect(text).not.toMatch(/[\u0000-\u0008\u000B-\u001F\uFFFE\uFFFF]/);
    // Where it is not told to keep them, a program may take the blanks of both ends away.
    if (preserved === undefined) expect(text).toBe(text.replace(/^[ \t\n]+|[ \t\n]+$/g, ''));
    const value = text
      .replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole)
      .replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
    return { reference, type, style, value: number ?? value };
  });
}

function write(kinds: readonly ColumnKind[], rows: readonly (readonly (string | null)[])[], first = 2): string {
  const writer = new RowWriter(kinds.map((kind): Column => ({ kind, heading: '' })));
  const bytes = copyText(rows);
  let at = 0;
  for (let number = first; at < bytes.length; number++) at = writer.write(bytes, at, number);
  return writer.take().toString();
}

const one = (kind: ColumnKind, value: string): Cell => read(write([kind], [[value]]))[0]!;

describe('A row of a sheet', () => {
  it('has every text as it is, marked where it looks like a formula', () => {
    const hostile = fc.constantFrom(
      ...['=', '+', '-', '@', '\t', '\r', '\n', '\v', ' ', '\u00a0', '\u0085', '\u3000', '\uff1d', '\u2212', '\ufeff'],
      ...['<', '&', '>', '"', "'", '\\', 'N', '_', 'x', '0041', '\u0007', '\u007f', '\uffff', '\ufffe', 'É', '🍵'],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }).map((made) => made.replaceAll('\u0000', '')),
      fc.string({ unit: hostile, maxLength: 6 }),
      fc.string({ unit: fc.oneof(hostile, fc.constantFrom('a', 'Z', '9')), maxLength: 6 }),
    );
    fc.assert(
      fc.property(text, text, (first, second) => {
        const cell = (reference: string, value: string): Cell => {
          return { reference, type: 'inlineStr', style: looksLikeFormula(value) ? '2' : '0', value };
        };
        expect(read(write(['text', 'word'], [[first, second]], 17))).toEqual([cell('A17', first), cell('B17', second)]);
      }),
      { numRuns: 3000 },
    );
  });

  it('has numbers as they are told', () => {
    for (const [kind, style] of [
      ['integer', '5'],
      ['amount', '6'],
      ['ratio', '7'],
    ] as const) {
      for (const value of ['0', '-12.50', '1e-7', '0.3181818181818182']) {
        expect(one(kind, value)).toEqual({ reference: 'A2', type: 'n', style, value });
      }
    }
  });

  it('has days and moments as what a spreadsheet counts', () => {
    expect(one('day', '1900-03-01')).toEqual({ reference: 'A2', type: 'n', style: '3', value: '61' });
    expect(one('day', '2026-11-22').value).toBe('46348');
    expect(one('moment', '2026-11-22 00:00:00')).toEqual({ reference: 'A2', type: 'n', style: '4', value: '46348' });
    expect(one('moment', '2026-11-22 12:00:00').value).toBe('46348.5000000000');
    const moments = fc.date({
      min: new Date('1900-03-01'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, (moment) => {
        const told = moment.toISOString().slice(0, 19).replace('T', ' ');
        const days = Number(one('moment', told).value);
        // Days since 30 December 1899, to a thousandth of a second.
        expect(Math.round(days * 86_400_000)).toBe(Date.parse(`${told}Z`) - Date.UTC(1899, 11, 30));
      }),
    );
  });

  it.each(['1900-02-28', '0044-03-15', '0126-11-22', '10000-01-01', 'infinity', '-infinity', '0044-03-15 BC'])(
    'has a day that no spreadsheet counts as a text: %s',
    (value) => {
      expect(one('day', value)).toMatchObject({ type: 'inlineStr', value });
    },
  );

  it('leaves out what is null, and keeps each cell in its column and row', () => {
    const columns = Array.from({ length: 28 }, () => 'word' as const);
    const row = columns.map((_, place) => (place % 3 === 0 ? String(place) : null));
    const cells = read(write(columns, [row, row], 9));
    const letters = ['A', 'D', 'G', 'J', 'M', 'P', 'S', 'V', 'Y', 'AB'];
    expect(cells.map(({ reference }) => reference)).toEqual([
      ...letters.map((letter) => `${letter}9`),
      ...letters.map((letter) => `${letter}10`),
    ]);
    expect(cells.map(({ value }) => value).slice(0, 10)).toEqual(row.filter((value) => value !== null));
  });

  it('takes a text of any length', () => {
    for (const value of ['x'.repeat(200_000), '&'.repeat(100_000), '茶'.repeat(100_000)]) {
      expect(one('text', value).value).toBe(value);
    }
  });
});
