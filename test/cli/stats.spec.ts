import type { Client } from 'pg';
import { operatorEntries } from './operator-entries';
import { json, refusal, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

const QUARTER_HOUR = '2027-01-05T10:15:00.000Z';

describe('tiptop stats verify', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;
  let contest: string;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
    for (const slug of ['first', 'second']) {
      const run = await tiptop.run(['contests', 'create', '--slug', slug, '--tickets', '20', '--json']);
      if (slug === 'first') contest = json(run)['id'] as string;
    }
    // A play as the service makes it, as far as the counters see.
    await client.query(
      `WITH player AS (
         INSERT INTO users (email, email_key, first_name, last_name, birth_date, search_text, created_at, updated_at)
         VALUES ('a@example.fr', 'a@example.fr', 'A', 'B', '1990-01-01', 'a b', now(), now()) RETURNING id)
       UPDATE tickets SET status = 'pending', player_id = player.id, played_at = '2027-01-05T10:20:00Z', deck_position = 1,
         prize_id = (SELECT id FROM prizes WHERE contest_id = $1 AND ordinal = 0)
       FROM player WHERE code = (SELECT min(code) FROM tickets WHERE contest_id = $1)`,
      [contest],
    );
  });
  afterAll(async () => {
    await clear();
  });

  it('finds nothing wrong with counters that nobody touched', async () => {
    const run = await tiptop.run(['stats', 'verify']);
    expect(run).toEqual({ exitCode: 0, stdout: 'The counters are equal to a full count.\n', stderr: '' });
    const document = { contest: null, holds: true, different: 0, differences: [], repaired: false };
    expect(json(await tiptop.run(['stats', 'verify', '--json']))).toEqual(document);
  });

  it('names each counter that somebody tampered with, and leaves it', async () => {
    await client.query(`INSERT INTO counter_totals (kind, contest_id, n) VALUES ('printed', $1, 5)`, [contest]);
    await client.query(
      `INSERT INTO counter_changes (kind, n, contest_id, prize_id, player_id, at)
       SELECT 'played', -1, contest_id, prize_id, player_id, played_at FROM tickets WHERE status = 'pending'`,
    );
    const run = await tiptop.run(['stats', 'verify', '--json']);
    expect(run.exitCode).toBe(1);
    expect(json(run)).toEqual({
      contest: null,
      holds: false,
      different: 3,
      differences: expect.arrayContaining([
        { counter: 'printed', contest: 'first', prizeId: null, storeId: null, counted: 25, actual: 20 },
        expect.objectContaining({ counter: 'played', contest: 'first', storeId: null, counted: 0, actual: 1 }),
        { counter: 'played', contest: 'first', quarterHour: QUARTER_HOUR, counted: 0, actual: 1 },
      ]) as unknown,
      repaired: false,
    });
    const told = await tiptop.run(['stats', 'verify', '--contest', 'first']);
    expect(told.exitCode).toBe(1);
    expect(told.stdout).toMatch(/^3 counters ARE WRONG:\n/);
    expect(told.stdout).toContain(`  first  played  quarterHour ${QUARTER_HOUR}  counted 0, in fact 1\n`);
    expect((await tiptop.run(['stats', 'verify', '--contest', 'second'])).exitCode).toBe(0);
  });

  it('repairs another contest without touching this one', async () => {
    const run = await tiptop.run(['stats', 'verify', '--contest', 'second', '--repair', '--json']);
    expect(run.exitCode).toBe(0);
    expect(json(run)).toMatchObject({ contest: 'second', holds: true, repaired: false });
    expect(json(await tiptop.run(['stats', 'verify', '--json']))).toMatchObject({ different: 3 });
  });

  it('finds participants who are missing, too many, or counted as somebody else', async () => {
    await client.query(
      `INSERT INTO participants (contest_id, player_id, first_played_at) VALUES ($1, gen_random_uuid(), now())`,
      [contest],
    );
    await client.query(`DELETE FROM counter_changes WHERE kind = 'played'`);
    const { differences } = json(await tiptop.run(['stats', 'verify', '--json'])) as { differences: object[] };
    expect(differences).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ counter: 'participant', contest: 'first', counted: 1, actual: 0 }),
        expect.objectContaining({ counter: 'participant', contest: 'first', counted: 0, actual: 1 }),
        { counter: 'participants', contest: 'first', gender: null, age: null, counted: 0, actual: 1 },
      ]),
    );
  });

  it('makes them right with --repair, tells what was wrong, and finds nothing afterwards', async () => {
    const run = await tiptop.run(['stats', 'verify', '--repair']);
    expect(run.exitCode).toBe(0);
    const [, wrong] = /^(\d+) counters were wrong, and are right again:\n/.exec(run.stdout) ?? [];
    expect((await operatorEntries(client)).slice(-2)).toEqual([
      ['statistics-repaired', { different: 0 }],
      ['statistics-repaired', { different: Number(wrong) }],
    ]);
    expect((await tiptop.run(['stats', 'verify'])).exitCode).toBe(0);
    const { rows } = await client.query('SELECT gender, age, n::int FROM participant_totals');
    expect(rows).toEqual([{ gender: null, age: 37, n: 1 }]);
  });

  it('knows no contest of another name', async () => {
    const run = await tiptop.run(['stats', 'verify', '--contest', 'third', '--json']);
    expect(run.exitCode).toBe(1);
    expect(refusal(run).code).toBe('CONTEST_NOT_FOUND');
  });
});
