import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { download, parseCsv } from '../support/export-files';
import { LibreOffice } from '../support/libre-office';
import { play } from '../support/plays';
import { statistics } from '../support/statistics';
import { startTestApp, type TestApp } from '../support/test-app';

/** What a spreadsheet would calculate, and behind it what only looks so. */
const FORMULAS = ['=1+1', '+2', '-3', '@SUM(A1)', '  =4', '=HYPERLINK("http://x.example")', '\u00a0=5', '＝6', '\t=7'];
const TEXTS = ['Hélène 🍵', 'a;b,c "d"', '007', '1/2', '2026-01-02', 'TRUE', "'=8", '<b>&amp;', '_x0041_', ' a  b '];
const NAMES = [...FORMULAS, ...TEXTS];

describe('An XLSX export opened in LibreOffice', () => {
  let test: TestApp;
  let admin: SessionBody;
  let office: LibreOffice;

  beforeAll(async () => {
    office = await LibreOffice.start();
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    // On the hour, so that its hours are whole.
    const startsAt = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
    const contest = await createContest(test, { tickets: 300, startsAt });
    const [store] = await test.database.query<{ id: string }[]>(
      `INSERT INTO stores (name, city, created_at) VALUES ('=Étoile', 'Nice', now()) RETURNING id`,
    );
    const codes = await unplayedCodes(test, contest, NAMES.length);
    for (const [n, name] of NAMES.entries()) {
      const player = await registerCustomer(test);
      // The field takes the blanks of its ends away.
      await test.database.query('UPDATE users SET last_name = $2 WHERE id = $1', [player.user.id, name]);
      await play(test, codes[n], player);
      if (n % 2 === 0) {
        const body = { identityChecked: true, ...(n % 4 === 0 ? { storeId: store!.id } : {}) };
        await test.client.post(`/v1/claims/${codes[n] ?? ''}/validate`, body, admin.accessToken);
      }
    }
  });
  afterAll(async () => {
    await test.stop();
    await office.clear();
  });

  const file = async (path: string): Promise<Buffer> => {
    const { bytes } = await download(test.client, `/v1/admin/exports/${path}`, admin.accessToken, {
      'accept-language': 'en',
    });
    return bytes;
  };

  it.each([
    ['tickets', 'Tickets', 7],
    ['participants', 'Participants', 1],
  ] as const)(
    'has of %s what the CSV export has, and texts instead of formulas',
    async (subject, sheet, place) => {
      const csv = parseCsv(await file(`${subject}?format=csv`));
      const opened = await (await office.asCsv(await file(`${subject}?format=xlsx`)))(sheet);
      const names = (rows: string[][]): string[] =>
        rows
          .slice(1)
          .map((row) => row[place] ?? '')
          .filter((name) => name !== '')
          .sort();
      // What guards a text in CSV is not needed where it is known to be one. Nothing else differs.
      expect(names(csv)).toEqual([...FORMULAS.map((text) => `'${text}`), ...TEXTS].sort());
      expect(names(opened)).toEqual([...NAMES].sort());
      const guarded = new Map([...FORMULAS, '=Étoile'].map((text) => [`'${text}`, text]));
      expect(opened).toEqual(csv.map((row) => row.map((cell) => guarded.get(cell) ?? cell)));
      expect(opened).toHaveLength(subject === 'tickets' ? 301 : NAMES.length + 1);
    },
    120_000,
  );

  it('has typed dates and numbers, filters on every column, and a heading that stays in view', async () => {
    const workbook = await file('tickets?format=xlsx&period=claimed');
    const { sheets, filters } = await office.understand(workbook);
    const [heading, ...rows] = sheets.get('Tickets')!;
    expect(heading?.map((cell) => cell?.value).slice(0, 6)).toEqual([
      ...['Code', 'Status', 'Prize', 'Value', 'Currency', 'Played at (Europe/Paris)'],
    ]);
    const expected = await test.database.query<Record<'code' | 'value' | 'played' | 'claimed', string>[]>(
      `SELECT code, value_cents / 100.0 AS value,
         to_char(date_trunc('second', played_at AT TIME ZONE 'Europe/Paris'), 'YYYY-MM-DD"T"HH24:MI:SS') AS played,
         to_char(date_trunc('second', claimed_at AT TIME ZONE 'Europe/Paris'), 'YYYY-MM-DD"T"HH24:MI:SS') AS claimed
       FROM tickets t JOIN prizes p ON p.id = prize_id WHERE status = 'claimed' ORDER BY claimed_at DESC, code DESC`,
    );
    expect(expected).toHaveLength(Math.ceil(NAMES.length / 2));
    // LibreOffice tells times to a millionth of a second.
    const moments = rows.map((row) => [row[5], row[9]].map((cell) => ({ ...cell, value: secondOf(cell?.value) })));
    expect(moments).toEqual(
      expected.map(({ played, claimed }) => [played, claimed].map((value) => ({ type: 'date', value }))),
    );
    expect(rows.map((row) => row[0])).toEqual(expected.map(({ code }) => ({ type: 'string', value: code })));
    expect(rows.map((row) => ({ ...row[3], value: Number(row[3]?.value) }))).toEqual(
      expected.map(({ value }) => ({ type: 'float', value: Number(value) })),
    );
    expect(rows.map((row) => row[7]?.type)).toEqual(rows.map(() => 'string'));
    expect(filters).toEqual([`Tickets.A1:Tickets.N${expected.length + 1}`]);
    expect(await office.frozen(workbook)).toEqual(['True 1 0']);
  }, 120_000);

  it('has birth dates as days', async () => {
    const { sheets } = await office.understand(await file('participants?format=xlsx'));
    const days = sheets.get('Participants')!.map((row) => row[3]);
    expect(days.slice(1)).toEqual(NAMES.map(() => ({ type: 'date', value: '1990-05-17' })));
  }, 120_000);

  it('has every sheet of the report, with the figures that the statistics tell', async () => {
    const workbook = await file('report');
    const { sheets, filters } = await office.understand(workbook);
    expect([...sheets.keys()]).toEqual([
      ...['Summary', 'Funnel', 'Prizes', 'By day', 'By hour', 'By gender', 'By age', 'Stores'],
    ]);
    const { funnel, conversion, stores } = await statistics(test, admin);
    const held = (name: string): (string | undefined)[][] =>
      sheets.get(name)!.map((row) => row.map((cell) => cell?.value));
    expect(held('Funnel')).toEqual([
      ['Step', 'Tickets'],
      ['Printed', '300'],
      ['Played', String(funnel.played)],
      ['Claimed', String(funnel.claimed)],
      ['Expired', '0'],
    ]);
    expect(sheets.get('Summary')![1]!.slice(-2)).toEqual(
      [conversion.playedRate, conversion.claimedRate].map((rate) => ({
        type: 'percentage',
        value: expect.stringContaining(String(rate).slice(0, 12)) as string,
      })),
    );
    expect(held('Stores')[1]).toEqual(['=Étoile', 'Nice', String(stores[0]?.claimed)]);
    const hours = sheets.get('By hour')!;
    expect(hours).toHaveLength(60 * 24 + 1);
    expect(hours[1]?.map((cell) => cell?.type)).toEqual(['date', 'date', 'float', 'float', 'float']);
    expect(sheets.get('By day')![1]?.map((cell) => cell?.type)).toEqual(['date', 'float', 'float', 'float']);
    expect(filters).toHaveLength(8);
    expect(filters).toContain("'By hour'.A1:'By hour'.E1441");
    expect(await office.frozen(workbook)).toEqual(Array(8).fill('True 1 0'));
  }, 120_000);
});

/** A time to the second, of which a calculation may have left a millionth. */
function secondOf(value = ''): string {
  return new Date(Math.round(Date.parse(`${value}Z`) / 1000) * 1000).toISOString().slice(0, 19);
}
