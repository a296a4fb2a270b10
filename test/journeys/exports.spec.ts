import { harmlessSql, looksLikeFormula } from '../../libs/admin/src/exports/column';
import { columnLetters } from '../../libs/admin/src/exports/xlsx/cell';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { exportsUnderWay } from '../support/downloads';
import { download, parseCsv, readXlsx, type XlsxCell } from '../support/export-files';
import { play } from '../support/plays';
import { expectInvalid } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

/** Names that a spreadsheet might take for formulas, or that break a badly written file. */
const HOSTILE = [
  `=cmd|'/C calc'!A0`,
  '+33 1 23',
  '-1',
  '@SUM(A1)',
  '\t=1+1',
  '\r=1+1',
  '  =HYPERLINK("http://evil.example","x")',
  '\u00a0=1',
  '＝1+1',
  'a;=1+1',
  'a,=1+1',
  'say "hi"',
  'two\nlines',
  'two\r\nlines',
  'back\\slash \\N \\t',
  '<b>&amp;',
  '_x0041_',
  '\u0007bell',
  'Hélène 🍵 茶',
  '  spaces  ',
  "'already",
];
const GUARDED = HOSTILE.slice(0, 9);
/** Days since 30 December 1899, as a spreadsheet counts. */
const serial = (local: string) => Date.parse(`${local.replace(' ', 'T')}Z`) / 86_400_000 + 25_569;

describe('Exports', () => {
  let test: TestApp;
  let admin: SessionBody;
  let employee: SessionBody;
  let contestId: string;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    employee = await signInAs(test, 'employee', { firstName: 'Alix', lastName: '=Bernard' });
    const contest = await createContest(test, { tickets: 200 });
    contestId = contest.id;
    const codes = await unplayedCodes(test, contest, HOSTILE.length + 1);
    for (const [n, name] of HOSTILE.entries()) {
      const player = await registerCustomer(test, { newsletter: n % 2 === 0 });
      await test.database.query('UPDATE users SET last_name = $2 WHERE id = $1', [player.user.id, name]);
      await play(test, codes[n], player);
      if (n % 3 === 0) {
        await test.client.post(
          `/v1/claims/${codes[n] ?? ''}/validate`,
          { identityChecked: true },
          employee.accessToken,
        );
      }
    }
    const leaving = await registerCustomer(test, { lastName: 'Partie', newsletter: true });
    await play(test, codes.at(-1), leaving);
    await test.client.request('DELETE', '/v1/users/me', { token: leaving.accessToken });
  });
  afterAll(async () => {
    await test.stop();
  });

  const get = (path: string, headers?: Record<string, string>) =>
    download(test.client, `/v1/admin/exports/${path}`, admin.accessToken, headers);

  /** What the tickets' file must hold, read by another statement. */
  async function ticketsInDatabase(): Promise<(string | null)[][]> {
    const local = (column: string) =>
      `to_char(date_trunc('second', ${column} AT TIME ZONE 'Europe/Paris'), 'YYYY-MM-DD HH24:MI:SS')`;
    const rows = await test.database.query<Record<string, string | null>[]>(
      `SELECT t.code, t.status, p.name AS prize, to_char(p.value_cents / 100.0, 'FM999990.00') AS value, p.currency,
         ${local('t.played_at')} AS played, u.first_name, u.last_name, u.email, ${local('t.claimed_at')} AS claimed,
         CASE WHEN e.id IS NOT NULL THEN 'Alix =Bernard' END AS employee, NULL AS store, NULL AS city, c.slug
       FROM tickets t JOIN contests c ON c.id = t.contest_id LEFT JOIN prizes p ON p.id = t.prize_id
         LEFT JOIN users u ON u.id = t.player_id AND u.erased_at IS NULL LEFT JOIN users e ON e.id = t.claimed_by
       ORDER BY t.code`,
    );
    return rows.map((row) => Object.values(row));
  }

  const guard = (text: string | null) => (text === null ? '' : GUARDED.includes(text) ? `'${text}` : text);

  describe('of tickets', () => {
    it('are CSV that holds every row as the database has it, and no formula', async () => {
      const { status, headers, bytes } = await get('tickets');
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(headers.get('content-disposition')).toMatch(/^attachment; filename="tickets-\d{4}-\d\d-\d\d\.csv"$/);
      expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
      const [heading, ...rows] = parseCsv(bytes);
      expect(heading?.slice(0, 6)).toEqual(['Code', 'Statut', 'Lot', 'Valeur', 'Devise', 'Joué le (Europe/Paris)']);
      const expected = await ticketsInDatabase();
      expect(rows).toEqual(expected.map((row) => row.map(guard)));
      expect(rows.flat().filter((cell) => /^\s*[=+@-]|^[\t\r]/.test(cell))).toEqual([]);
      expect(rows.flat().filter((cell) => cell.startsWith("'="))).not.toEqual([]);
      expect(bytes.toString()).not.toMatch(/Partie|erased/);
    });

    it('guard a text against formulas whatever it begins with', async () => {
      // Every character but those that PostgreSQL's text or UTF-8 does not have.
      const rows = await test.database.query<{ text: string; written: string }[]>(
        `SELECT text, ${harmlessSql('text')} AS written FROM (
           SELECT chr(n) || rest AS text FROM generate_series(1, 65535) n, unnest(ARRAY['', '=1', 'a', ' @']) rest
           WHERE n NOT BETWEEN 55296 AND 57343
         ) texts`,
      );
      expect(rows.length).toBeGreaterThan(250_000);
      const wrong = rows.filter(({ text, written }) => written !== (looksLikeFormula(text) ? `'${text}` : text));
      expect(wrong).toEqual([]);
      // And by another count than the expression's: what OWASP names, alone and behind a blank.
      const guarded = new Set(rows.filter(({ text, written }) => written !== text).map(({ text }) => text));
      for (const sign of ['=', '+', '-', '@']) expect([sign, guarded.has(`${sign}=1`)]).toEqual([sign, true]);
      for (const blank of [' ', '\u00a0', '\u2003', '\u3000']) expect(guarded.has(`${blank}=1`)).toBe(true);
      for (const sign of ['\t', '\r']) expect(guarded.has(`${sign}a`)).toBe(true);
      for (const sign of ['A', 'z', '0', '9', 'é', "'", '"']) expect(guarded.has(`${sign}=1`)).toBe(false);
    });

    it('end every record with CRLF, and leave line ends within a cell as they were typed', async () => {
      const text = (await get('tickets')).bytes.toString();
      expect(text.endsWith('\r\n')).toBe(true);
      const outside = text.replace(/"(?:[^"]|"")*"/g, '');
      expect(outside.split('\r\n')).toHaveLength(202);
      expect(outside.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      expect(text).toContain('"two\nlines"');
      expect(text).toContain('"two\r\nlines"');
    });

    it('are separated by semicolons on demand, with decimal commas, and headed in English', async () => {
      const { bytes } = await get('tickets?separator=semicolon', { 'accept-language': 'en' });
      const [heading, ...rows] = parseCsv(bytes, ';');
      expect(heading?.slice(0, 4)).toEqual(['Code', 'Status', 'Prize', 'Value']);
      const expected = await ticketsInDatabase();
      expect(rows.map((row) => row[3])).toEqual(expected.map((row) => guard(row[3] ?? null).replace('.', ',')));
      expect(rows.map((row) => row[7])).toEqual(expected.map((row) => guard(row[7] ?? null)));
    });

    it('are real XLSX: typed, with the heading frozen and filters, and texts that stay texts', async () => {
      const { headers, bytes } = await get('tickets?format=xlsx');
      expect(headers.get('content-type')).toBe('application/vnd.openxmlformats-officedocument.spreadsheetml.sheet');
      expect(headers.get('content-disposition')).toMatch(/filename="tickets-[\d-]+\.xlsx"$/);
      const { sheets } = readXlsx(bytes);
      expect(sheets.map(({ name }) => name)).toEqual(['Tickets']);
      const { xml, rows } = sheets[0]!;
      expect(xml).toMatch(/<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"\/>/);
      expect(xml).toContain('</sheetData><autoFilter ref="A1:N201"/>');
      expect(xml).not.toMatch(/<f>|<f /);
      const expected = await ticketsInDatabase();
      expect(rows).toHaveLength(expected.length + 1);
      for (const [n, values] of expected.entries()) {
        const row = rows[n + 1]!;
        for (const [place, value] of values.entries()) {
          const cell: XlsxCell | undefined = row.get(columnLetters(place));
          if (value === null) expect(cell).toBeUndefined();
          else if (place === 5 || place === 9) {
            expect(cell).toMatchObject({ type: 'n', style: 4 });
            expect(Math.round(Number(cell?.value) * 86_400_000)).toBe(Math.round(serial(value) * 86_400_000));
          } else if (place === 3) expect(cell).toEqual({ type: 'n', style: 6, value });
          else expect(cell).toEqual({ type: 'inlineStr', style: GUARDED.includes(value) ? 2 : 0, value });
        }
      }
    });

    it('take the filters of the table', async () => {
      const codesOf = async (query: string) =>
        parseCsv((await get(`tickets?${query}`)).bytes)
          .slice(1)
          .map(([code]) => code);
      const table = async (query: string) =>
        (
          await test.client.get<{ items: { code: string }[] }>(
            `/v1/admin/tickets?limit=200&${query}`,
            admin.accessToken,
          )
        ).body.items.map(({ code }) => code);
      const some = (await table('status=claimed'))[0] ?? '';
      const day = new Date().toISOString().slice(0, 10);
      for (const query of [
        'status=claimed',
        'status=pending',
        'status=unclaimed',
        'period=claimed',
        `period=played&from=${day}&to=2999-01-01`,
        `to=2001-01-01`,
        `search=${some.slice(0, 6).toLowerCase()}`,
        'search=camille',
        'status=unclaimed&search=camille!',
        `contestId=${contestId}`,
      ]) {
        expect([query, await codesOf(query)]).toEqual([query, await table(query)]);
      }
      expect(await codesOf('status=claimed')).toHaveLength(7);
      expect(await codesOf(`storeId=${contestId}`)).toEqual([]);
    });
  });

  describe('of participants', () => {
    it('hold every customer but the erased ones', async () => {
      const [heading, ...rows] = parseCsv((await get('participants')).bytes);
      expect(heading?.slice(0, 4)).toEqual(['Prénom', 'Nom', 'E-mail', 'Date de naissance']);
      expect(rows.map((row) => row[1]).sort()).toEqual(HOSTILE.map(guard).sort());
      expect(new Set(rows.map((row) => row[8]))).toEqual(new Set(['1']));
    });

    it('hold for mailing only those who agree now', async () => {
      const player = await registerCustomer(test, { newsletter: true, lastName: 'Change' });
      const names = async () =>
        parseCsv((await get('participants?newsletter=true')).bytes)
          .slice(1)
          .map((row) => row[1]);
      const agreeing = HOSTILE.filter((_, n) => n % 2 === 0).map(guard);
      expect((await names()).sort()).toEqual([...agreeing, 'Change'].sort());
      await test.client.request('PATCH', '/v1/users/me', { token: player.accessToken, body: { newsletter: false } });
      expect((await names()).sort()).toEqual(agreeing.sort());
      await test.database.query('UPDATE users SET is_active = false WHERE newsletter AND last_name = $1', ['-1']);
      expect(await names()).not.toContain("'-1");
    });

    it('hold of a contest those who played in it', async () => {
      const idle = await registerCustomer(test, { lastName: 'Spectatrice' });
      const all = (await get('participants')).bytes.toString();
      expect(all).toContain(idle.user.email);
      const players = (await get(`participants?contestId=${contestId}`)).bytes;
      expect(players.toString()).not.toContain(idle.user.email);
      expect(parseCsv(players)).toHaveLength(HOSTILE.length + 1);
    });

    it('have birth dates as dates in XLSX', async () => {
      const { sheets } = readXlsx((await get('participants?format=xlsx')).bytes);
      expect(sheets[0]?.rows[1]?.get('D')).toEqual({ type: 'n', style: 3, value: String(serial('1990-05-17')) });
    });
  });

  it.each([
    ['tickets', 'format', 'pdf'],
    ['tickets', 'separator', ';'],
    ['tickets', 'from', '2026-02-30'],
    ['tickets', 'from', '2026-02-03T10:00:00'],
    ['tickets', 'limit', '10'],
    ['participants', 'newsletter', 'yes'],
    ['participants', 'contestId', `x' OR true --`],
    ['report', 'format', 'csv'],
  ])('of %s refuse %s=%j by its path', async (subject, name, value) => {
    const query = new URLSearchParams({ [name]: value }).toString();
    expectInvalid(await test.client.get(`/v1/admin/exports/${subject}?${query}`, admin.accessToken), name);
  });

  it('take a search for what it is, and never for SQL', async () => {
    for (const search of [`' OR 1=1 --`, `\\' OR true --`, '%', '_']) {
      const { status, bytes } = await get(`tickets?${new URLSearchParams({ search }).toString()}`);
      expect([search, status, parseCsv(bytes).length]).toEqual([search, 200, 1]);
    }
  });

  it('are written down, without what was searched for', async () => {
    await get('tickets?format=xlsx&status=claimed&search=Camille');
    const rows = await test.database.query<{ actor_id: string; subject_id: string; details: object }[]>(
      `SELECT actor_id, subject_id, details FROM audit_entries WHERE action = 'export' ORDER BY at DESC LIMIT 1`,
    );
    expect(rows).toEqual([
      {
        actor_id: admin.user.id,
        subject_id: 'tickets',
        details: { format: 'xlsx', status: 'claimed', searched: true },
      },
    ]);
  });

  it('are not begun for a HEAD', async () => {
    const response = await fetch(`${test.client.url}/v1/admin/exports/tickets`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${admin.accessToken}` },
    });
    expect(response.status).toBe(200);
    await until('no export is left', async () => (await exportsUnderWay(test)) === 0);
  });
});
