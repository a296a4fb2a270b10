import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { readXlsx, type XlsxSheet } from '../../../../../test/support/export-files';
import type { ListedTable, QueriedTable, Row } from '../column';
import type { ExportSession } from '../export-session';
import { Pace } from '../pace';
import { copyText } from './copy-text';
import { RowBlocks } from './row-blocks';
import { Sheet } from './sheet';
import { Workbook } from './workbook';

const COLUMNS = [
  { heading: 'Code', kind: 'word', sql: 'code' },
  { heading: 'n', kind: 'integer', sql: 'n' },
] as const;
const TABLE: QueriedTable = { name: 'Tickets', columns: COLUMNS, from: 'FROM somewhere' };

const rowsTo = (count: number): Row[] => Array.from({ length: count }, (_, n) => [`code ${n}`, String(n)]);

/** A session whose statement answers these rows, in pieces of so many bytes. */
function sessionOf(rows: readonly Row[], pieceBytes: number): { session: ExportSession; statements: string[] } {
  const statements: string[] = [];
  const bytes = copyText(rows);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, n) =>
    bytes.subarray(n * pieceBytes, (n + 1) * pieceBytes),
  );
  const session: Pick<ExportSession, 'copy'> = {
    copy: (sql) => {
      statements.push(sql);
      return Promise.resolve(Readable.from(pieces));
    },
  };
  return { session: session as ExportSession, statements };
}

async function bookOf(
  tables: readonly (QueriedTable | ListedTable)[],
  { rows = [], maxSheetRows, pieceBytes = 1 << 16 }: { rows?: Row[]; maxSheetRows?: number; pieceBytes?: number } = {},
): Promise<ReturnType<typeof readXlsx>> {
  const options = { timeZone: 'Europe/Paris', pace: new Pace(), madeAt: new Date() };
  const { session } = sessionOf(rows, pieceBytes);
  const limit = maxSheetRows === undefined ? {} : { maxSheetRows };
  return readXlsx(await buffer(Workbook.write(session, tables, { ...options, ...limit })));
}

const told = ({ rows }: XlsxSheet): string[][] => rows.map((row) => [...row.values()].map(({ value }) => value));
const HEADING = ['Code', 'n'];

describe('A workbook', () => {
  it.each([
    [0, ['Tickets'], [0]],
    [3, ['Tickets'], [3]],
    [4, ['Tickets'], [4]],
    [5, ['Tickets', 'Tickets (2)'], [4, 1]],
    [8, ['Tickets', 'Tickets (2)'], [4, 4]],
    [9, ['Tickets', 'Tickets (2)', 'Tickets (3)'], [4, 4, 1]],
  ])('of %i rows, where a sheet holds four and its heading, has the sheets %j', async (count, names, lengths) => {
    const { sheets } = await bookOf([TABLE], { rows: rowsTo(count), maxSheetRows: 5 });
    expect(sheets.map(({ name }) => name)).toEqual(names);
    const all: string[][] = [];
    for (const [place, sheet] of sheets.entries()) {
      const [heading, ...rows] = told(sheet);
      expect(heading).toEqual(HEADING);
      expect(rows).toHaveLength(lengths[place]!);
      // Rows are counted anew on each, and each has its filters and its frozen heading.
      const last = lengths[place]! + 1;
      expect([...sheet.xml.matchAll(/<row r="(\d+)"/g)].map(([, n]) => Number(n))).toEqual(
        Array.from({ length: last }, (_, n) => n + 1),
      );
      expect(sheet.xml).toContain(`</sheetData><autoFilter ref="A1:B${last}"/></worksheet>`);
      expect(sheet.xml).toContain('<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>');
      all.push(...rows);
    }
    expect(all).toEqual(rowsTo(count));
  });

  it('holds on a sheet what a spreadsheet does', async () => {
    const bytes = Buffer.from('1\n'.repeat(2 ** 20 + 1));
    const rows = new RowBlocks(Readable.from([bytes]), new Pace());
    const ends: string[] = [];
    for (let n = 0; n < 2; n++) {
      let last: Buffer = Buffer.alloc(0);
      for await (const block of new Sheet('n', [{ heading: 'n', kind: 'integer' }]).xml(rows)) last = block;
      ends.push(last.toString());
    }
    expect(ends).toEqual([
      '</sheetData><autoFilter ref="A1:A1048576"/></worksheet>',
      '</sheetData><autoFilter ref="A1:A3"/></worksheet>',
    ]);
    expect(await rows.more()).toBe(false);
  });

  it.each([1, 7, 64])('reads rows that come in pieces of %i bytes', async (pieceBytes) => {
    const rows: Row[] = [...rowsTo(20), ['Hélène 🍵\n\\', null], [null, '7']];
    const { sheets } = await bookOf([TABLE], { rows, pieceBytes, maxSheetRows: 100 });
    expect(told(sheets[0]!)).toEqual([HEADING, ...rows.map((row) => row.filter((value) => value !== null))]);
  });

  it('has a sheet for each table, those that are known already as well', async () => {
    const listed: ListedTable = {
      name: "A [name] & d'autres, all in all too long",
      columns: [
        { heading: 'When', kind: 'moment' },
        { heading: 'What', kind: 'text' },
      ],
      rows: [['2026-11-22 06:00:00', '=tea\tfor two\n']],
    };
    const { sheets, workbook } = await bookOf([listed, TABLE, { ...listed, name: 'Empty', rows: [] }], {
      rows: rowsTo(2),
    });
    expect(sheets.map(({ name }) => name)).toEqual(["A  name  & d'autres, all in all", 'Tickets', 'Empty']);
    expect(told(sheets[0]!)).toEqual([
      ['When', 'What'],
      ['46348.2500000000', '=tea\tfor two\n'],
    ]);
    expect(told(sheets[1]!)).toEqual([HEADING, ...rowsTo(2)]);
    expect(told(sheets[2]!)).toEqual([['When', 'What']]);
    // Not all programs see the filters without these.
    const names = [...workbook.matchAll(/"_xlnm\._FilterDatabase" localSheetId="(\d)" hidden="1">([^<]+)</g)];
    expect(names.map(([, sheet, filtered]) => [sheet, filtered])).toEqual([
      ['0', "'A  name  &amp; d''autres, all in all'!$A$1:$B$2"],
      ['1', "'Tickets'!$A$1:$B$3"],
      ['2', "'Empty'!$A$1:$B$1"],
    ]);
  });

  it('asks for times of the contest’s time zone, in whole seconds', async () => {
    const { session, statements } = sessionOf([], 1);
    const columns = [{ heading: 'When', kind: 'moment', sql: 't.played_at' } as const];
    const options = { timeZone: 'Europe/Paris', pace: new Pace(), madeAt: new Date() };
    await buffer(Workbook.write(session, [{ name: 'T', columns, from: 'FROM tickets t' }], options));
    expect(statements).toEqual([
      `COPY (SELECT date_trunc('second', t.played_at AT TIME ZONE 'Europe/Paris') FROM tickets t) TO STDOUT`,
    ]);
  });

  it('breaks off where its rows do, and says why', async () => {
    const failing = new Readable({ read: () => failing.destroy(new Error('The database went away')) });
    const session = { copy: () => Promise.resolve(failing) } as unknown as ExportSession;
    const options = { timeZone: 'Europe/Paris', pace: new Pace(), madeAt: new Date() };
    await expect(buffer(Workbook.write(session, [TABLE], options))).rejects.toThrow('The database went away');
    const refusing = { copy: () => Promise.reject(new Error('No such table')) } as unknown as ExportSession;
    await expect(buffer(Workbook.write(refusing, [TABLE], options))).rejects.toThrow('No such table');
  });
});
