import type { Client } from 'pg';
import { operatorEntries } from './operator-entries';
import { ended, json, refusal, says, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

describe('tiptop contests', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
  });
  afterAll(async () => {
    await clear();
  });

  async function countTickets(slug: string): Promise<number> {
    const { rows } = await client.query<{ n: string }>(
      'SELECT count(*) AS n FROM tickets t JOIN contests c ON c.id = t.contest_id WHERE c.slug = $1',
      [slug],
    );
    return Number(rows[0]?.n);
  }

  it('makes a contest, its tickets and its deck, and tells how far it is on stderr', async () => {
    const run = await tiptop.run(['contests', 'create', '--slug', 'spring', '--tickets', '20000', '--json']);
    expect(run.exitCode).toBe(0);
    const document = json(run) as Record<string, string>;
    expect(document).toMatchObject({ slug: 'spring', tickets: 20_000, checkedCodes: true });
    const days = (from: string, to: string): number =>
      (Date.parse(document[to] ?? '') - Date.parse(document[from] ?? '')) / 86_400_000;
    expect(days('startsAt', 'endsAt')).toBe(30);
    expect(days('endsAt', 'claimEndsAt')).toBe(30);
    expect(run.stderr).toBe(
      [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((percent) => `Generating tickets: ${percent} %\n`).join(''),
    );
    expect(await countTickets('spring')).toBe(20_000);
    expect(await operatorEntries(client, 'spring')).toEqual([
      ['contest-created', { prizes: 5 }],
      ['print-run-done', { count: 20_000 }],
    ]);

    const verified = await tiptop.run(['contests', 'verify', '--contest', 'spring', '--json']);
    expect(verified).toMatchObject({ exitCode: 0, stderr: '' });
    const { commitment, ...found } = json(verified);
    expect(commitment).toMatch(/^[0-9a-f]{64}$/);
    expect(found).toMatchObject({ contest: 'spring', commitmentHolds: true, cardsIntact: true, wrongPrizes: 0 });
    expect(found).toMatchObject({ holds: true });
  });

  it('takes the preset at its word when nothing else is said', async () => {
    const run = await tiptop.run(['contests', 'create', '--json']);
    expect(run.exitCode).toBe(0);
    expect(json(run)).toMatchObject({ slug: 'the-tip-top', tickets: 500_000 });
    expect(await countTickets('the-tip-top')).toBe(500_000);
  });

  it('refuses a slug that is taken', async () => {
    await tiptop.run(['contests', 'create', '--slug', 'twice', '--tickets', '10']);
    const again = await tiptop.run(['contests', 'create', '--slug', 'twice', '--tickets', '10', '--json']);
    expect(again).toMatchObject({ exitCode: 1, stderr: '' });
    expect(refusal(again).code).toBe('CONTEST_SLUG_TAKEN');
    expect(await operatorEntries(client, 'twice')).toHaveLength(2);
  });

  it('starts when told, without an offset by the clocks of the shops', async () => {
    const create = ['contests', 'create', '--tickets', '0', '--json', '--starts-at'];
    const [exact, local] = await Promise.all([
      tiptop.run([...create, '2030-07-01T09:00:00+05:00', '--slug', 'exact']),
      tiptop.run([...create, '2030-07-01', '--slug', 'local']),
    ]);
    expect(json(exact)).toMatchObject({ startsAt: '2030-07-01T04:00:00.000Z', tickets: 0 });
    expect(json(local)).toMatchObject({ startsAt: '2030-06-30T22:00:00.000Z' });
    expect(exact.stderr).toBe('');
  });

  it('does not verify what was tampered with, is not there or is sealed by another secret', async () => {
    await tiptop.run(['contests', 'create', '--slug', 'tampered', '--tickets', '100']);
    await client.query(
      `UPDATE deck_pages SET cards = set_byte(cards, 7, get_byte(cards, 7) # 1)
       WHERE contest_id = (SELECT id FROM contests WHERE slug = 'tampered')`,
    );
    const tampered = await tiptop.run(['contests', 'verify', '--contest', 'tampered']);
    expect(tampered).toMatchObject({ exitCode: 1, stderr: '' });
    expect(tampered.stdout).toContain('DOES NOT HOLD');
    const inJson = await tiptop.run(['contests', 'verify', '--contest', 'tampered', '--json']);
    expect(inJson.exitCode).toBe(1);
    expect(json(inJson)).toMatchObject({ holds: false, commitmentHolds: true, cardsIntact: false });

    const unknown = await tiptop.run(['contests', 'verify', '--contest', 'nowhere', '--json']);
    expect(unknown.exitCode).toBe(1);
    expect(refusal(unknown).code).toBe('CONTEST_NOT_FOUND');

    await tiptop.run(['contests', 'create', '--slug', 'bare', '--tickets', '0']);
    const bare = await tiptop.run(['contests', 'verify', '--contest', 'bare', '--json']);
    expect(bare.exitCode).toBe(1);
    expect(refusal(bare).code).toBe('NO_TICKETS');

    const env = { DECK_SECRET: 'another secret than the one of DATA_DIR' };
    const locked = await tiptop.run(['contests', 'verify', '--contest', 'tampered', '--json'], { env });
    expect(locked.exitCode).toBe(1);
    expect(refusal(locked).code).toBe('WRONG_DECK_SECRET');
  });

  it('undoes the tickets when interrupted, and says how to go on', async () => {
    const child = tiptop.start(['contests', 'create', '--slug', 'broken-off', '--tickets', '1000000', '--json']);
    const run = ended(child);
    await says(child, /Generating tickets: 10 %/);
    child.kill('SIGINT');
    const interrupted = await run;
    expect(interrupted.exitCode).toBe(1);
    const { code, message } = refusal(interrupted);
    expect(code).toBe('INTERRUPTED');
    const [, goOn = ''] = /to go on: tiptop (tickets generate .*) --count/.exec(message) ?? [];
    expect(goOn).toBe('tickets generate --contest broken-off');
    const resumed = await tiptop.run([...goOn.split(' '), '--count', '100']);
    expect(resumed.exitCode).toBe(0);
    expect(await countTickets('broken-off')).toBe(100);
    // Of what was undone there is nothing to tell.
    expect(await operatorEntries(client, 'broken-off')).toEqual([
      ['contest-created', { prizes: 5 }],
      ['print-run-done', { count: 100 }],
    ]);
  });
});
