import type { Client } from 'pg';
import { createTestDatabase } from '../support/database';
import { operatorEntries } from './operator-entries';
import { json, refusal, type Run, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

describe('tiptop tickets', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
  });
  afterAll(async () => {
    await clear();
  });

  async function contest(slug: string, tickets: number, ...more: string[]): Promise<void> {
    const args = ['--slug', slug, '--tickets', String(tickets), '--starts-at', '2090-01-01', ...more];
    const run = await tiptop.run(['contests', 'create', ...args]);
    if (run.exitCode !== 0) throw new Error(run.stderr);
  }

  async function codesOf(slug: string): Promise<string[]> {
    const { rows } = await client.query<{ code: string }>(
      'SELECT code FROM tickets t JOIN contests c ON c.id = t.contest_id WHERE c.slug = $1 ORDER BY code',
      [slug],
    );
    return rows.map(({ code }) => code);
  }

  async function importFrom(slug: string, lines: readonly string[], ...more: string[]): Promise<Run> {
    return tiptop.run(['tickets', 'import', '--contest', slug, '-', ...more], { input: lines.join('\n') });
  }

  describe('generate', () => {
    it('adds to the tickets there are, and seals the deck over all of them', async () => {
      await contest('grown', 40);
      const run = await tiptop.run(['tickets', 'generate', '--contest', 'grown', '--count', '60', '--json']);
      expect(run.exitCode).toBe(0);
      expect(json(run)).toEqual({ contest: 'grown', added: 60 });
      expect(await codesOf('grown')).toHaveLength(100);
      expect((await operatorEntries(client, 'grown')).at(-1)).toEqual(['print-run-done', { count: 60 }]);
      const { rows } = await client.query<{ size: number }>(
        `SELECT size FROM decks d JOIN contests c ON c.id = d.contest_id WHERE slug = 'grown'`,
      );
      expect(rows).toEqual([{ size: 100 }]);
      expect((await tiptop.run(['contests', 'verify', '--contest', 'grown'])).exitCode).toBe(0);
    });

    it('refuses a contest that has begun, and one that is not there', async () => {
      await tiptop.run(['contests', 'create', '--slug', 'begun', '--tickets', '10']);
      const begun = await tiptop.run(['tickets', 'generate', '--contest', 'begun', '--count', '5']);
      expect(begun).toMatchObject({ exitCode: 1, stdout: '' });
      expect(begun.stderr).toBe('tiptop: The contest has begun with the tickets it has; no more can be added.\n');
      expect(await codesOf('begun')).toHaveLength(10);
      expect((await operatorEntries(client, 'begun')).at(-1)).toEqual(['print-run-done', { count: 10 }]);
      const nowhere = await tiptop.run(['tickets', 'generate', '--contest', 'nowhere', '--count', '5', '--json']);
      expect(nowhere.exitCode).toBe(1);
      expect(refusal(nowhere).code).toBe('CONTEST_NOT_FOUND');
    });
  });

  describe('export', () => {
    beforeAll(() => contest('exported', 50));

    it('writes CSV, and nothing else, on stdout', async () => {
      const run = await tiptop.run(['tickets', 'export', '--contest', 'exported']);
      expect(run).toMatchObject({ exitCode: 0, stderr: '' });
      const [heading, ...lines] = run.stdout.trimEnd().split('\n');
      expect(heading).toBe('code,status,prize,playedAt,claimedAt');
      expect(lines.map((line) => line.slice(0, 10)).sort()).toEqual(await codesOf('exported'));
      expect(lines.every((line) => line.endsWith(',unclaimed,,,'))).toBe(true);
    });

    it('takes a status and a limit', async () => {
      const some = await tiptop.run(['tickets', 'export', '--contest', 'exported', '--limit', '7']);
      expect(some.stdout.trimEnd().split('\n')).toHaveLength(8);
      const none = await tiptop.run(['tickets', 'export', '--contest', 'exported', '--status', 'claimed']);
      expect(none).toMatchObject({ exitCode: 0, stdout: 'code,status,prize,playedAt,claimedAt\n' });
      expect((await operatorEntries(client, 'exported')).slice(-2)).toEqual([
        ['codes-exported', { status: null, limit: 7 }],
        ['codes-exported', { status: 'claimed', limit: null }],
      ]);
    });

    it('writes one JSON document with --json', async () => {
      const run = await tiptop.run(['tickets', 'export', '--contest', 'exported', '--limit', '3', '--json']);
      expect(run).toMatchObject({ exitCode: 0, stderr: '' });
      const ticket = { code: expect.any(String) as string, status: 'unclaimed', prize: null };
      const whole = { ...ticket, playedAt: null, claimedAt: null };
      expect(json(run)).toEqual({ contest: 'exported', tickets: [whole, whole, whole] });
      const none = await tiptop.run(['tickets', 'export', '--contest', 'exported', '--status', 'pending', '--json']);
      expect(json(none)).toEqual({ contest: 'exported', tickets: [] });
      const nowhere = await tiptop.run(['tickets', 'export', '--contest', 'nowhere', '--json']);
      expect(nowhere.exitCode).toBe(1);
      expect(refusal(nowhere).code).toBe('CONTEST_NOT_FOUND');
    });

    it('ends when nobody reads on', async () => {
      await contest('long', 100_000);
      const line = 'tiptop tickets export --contest long | head -n 1; echo "exit codes ${PIPESTATUS[*]}"';
      const run = await tiptop.shell(line);
      expect(run.stdout).toBe('code,status,prize,playedAt,claimedAt\nexit codes 1 0\n');
      expect(run.stderr).toBe('tiptop: Nobody reads the output any more.\n');
      // Whoever broke it off has had a part of it.
      expect((await operatorEntries(client, 'long')).at(-1)?.[0]).toBe('codes-exported');
    });
  });

  describe('import', () => {
    it('takes over an export into another database, and nowhere else', async () => {
      await contest('origin', 300);
      const { stdout: csv } = await tiptop.run(['tickets', 'export', '--contest', 'origin']);
      const file = await tiptop.file('origin.csv', csv);

      await contest('copy', 0);
      const refused = await tiptop.run(['tickets', 'import', '--contest', 'copy', file, '--json']);
      expect(refused.exitCode).toBe(1);
      const error = refusal(refused);
      expect(error.code).toBe('IMPORT_REFUSED');
      expect(error.message).toContain('(300)');
      expect(error.errors).toHaveLength(100);
      expect(error.errors?.[0]).toEqual({ path: 'line 2', message: 'has a code that exists already' });
      expect(await codesOf('copy')).toEqual([]);

      const another = await createTestDatabase();
      try {
        const elsewhere = tiptop.with({ DATABASE_URL: another.url });
        await elsewhere.run(['contests', 'create', '--slug', 'copy', '--tickets', '0']);
        const run = await elsewhere.run(['tickets', 'import', '--contest', 'copy', file]);
        expect(run).toMatchObject({ exitCode: 0, stdout: 'Added 300 tickets to copy\n' });
        expect(run.stderr).toContain('Reading codes: 100 %\n');
        const again = await elsewhere.run(['tickets', 'export', '--contest', 'copy']);
        expect(again.stdout).toBe(csv);
        expect((await elsewhere.run(['contests', 'verify', '--contest', 'copy'])).exitCode).toBe(0);
      } finally {
        await another.drop();
      }
    });

    it('names bad lines and changes nothing', async () => {
      await contest('source', 4);
      const [taken = '', ...free] = await codesOf('source');
      await contest('target', 0);
      // A code with another last character has a wrong check character.
      const broken = `${taken.slice(0, 9)}${taken.endsWith('2') ? '3' : '2'}`;
      const lines = ['code;x', 'code', 'ABC', broken, taken, 'ABC0000000'].slice(1);
      const run = await importFrom('target', lines);
      expect(run).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: [
          'tiptop: The file has unusable lines (4); nothing was imported.',
          '  line 2: holds no valid code',
          '  line 3: holds no valid code',
          '  line 4: has a code that exists already',
          '  line 5: holds no valid code',
          '',
        ].join('\n'),
      });
      expect(await codesOf('target')).toEqual([]);
      expect(await operatorEntries(client, 'target')).toEqual([['contest-created', { prizes: 5 }]]);
      expect(free).toHaveLength(3);
    });

    it('takes codes without check characters only where the contest was made for them', async () => {
      const codes = ['0000000001', 'ILOU000002', 'abc-def ghi3'];
      await contest('strict', 0);
      expect((await importFrom('strict', codes)).exitCode).toBe(1);
      await contest('lenient', 0, '--unchecked-codes');
      const run = await importFrom('lenient', ['Shop,Code', ...codes.map((code) => `12,${code}`)], '--json');
      expect(run).toMatchObject({ exitCode: 0, stderr: '' });
      expect(json(run)).toEqual({ contest: 'lenient', added: 3 });
      expect((await operatorEntries(client, 'lenient')).at(-1)).toEqual(['tickets-imported', { count: 3 }]);
      expect(await codesOf('lenient')).toEqual(['0000000001', 'ABCDEFGHI3', 'ILOU000002']);
      const repeated = await importFrom('lenient', ['0000000004', '0000000005', '0000000004'], '--json');
      expect(refusal(repeated).errors).toEqual([{ path: 'line 3', message: 'repeats a code of the file' }]);
    });

    it('leaves the tickets of an unchecked contest to the import', async () => {
      const run = await tiptop.run(['contests', 'create', '--slug', 'from-elsewhere', '--unchecked-codes', '--json']);
      expect(json(run)).toMatchObject({ checkedCodes: false, tickets: 0 });
    });

    it('refuses a file without any code', async () => {
      await contest('empty', 0);
      for (const lines of [[], ['code']]) {
        const run = await importFrom('empty', lines, '--json');
        expect(run).toMatchObject({ exitCode: 1, stderr: '' });
        expect(refusal(run).code).toBe('IMPORT_REFUSED');
      }
    });
  });
});
