import { Client } from 'pg';
import { AdvisoryLock } from '@tiptop/platform';
import { operatorEntries } from './operator-entries';
import { json, refusal, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

describe('tiptop users retention', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;
  let id: string;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO users (email, email_key, first_name, last_name, birth_date, search_text, last_active_at, created_at,
         updated_at)
       SELECT n || '@example.fr', n || '@example.fr', 'Camille', 'Martin', '1990-05-17', n, at, at, at
       FROM (VALUES ('gone', timestamptz '2020-01-01T00:00:00Z'), ('here', now())) v (n, at) RETURNING id`,
    );
    id = rows[0]!.id;
  });
  afterAll(async () => {
    await clear();
  });

  const emails = async (): Promise<string[]> =>
    (await client.query<{ email: string }>('SELECT email FROM users ORDER BY email')).rows.map(({ email }) => email);

  it('lists who is to be erased, by no name, and erases nobody', async () => {
    const run = await tiptop.run(['users', 'retention']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(
      new RegExp(
        `^${id}  2020-01-01T00:00:00.000Z  to be erased\nNot used since \\S+Z: 1 accounts, of which 1 would be erased by --apply\\.\n$`,
      ),
    );
    const document = json(await tiptop.run(['users', 'retention', '--json']));
    expect(document).toEqual({
      applied: false,
      inactiveSince: expect.stringMatching(/Z$/) as string,
      accounts: [{ id, lastActiveAt: '2020-01-01T00:00:00.000Z', keptBecause: null }],
    });
    expect(await emails()).toEqual(['gone@example.fr', 'here@example.fr']);
  });

  it('obeys RETENTION_INACTIVE_DAYS', async () => {
    const run = await tiptop.run(['users', 'retention', '--json'], { env: { RETENTION_INACTIVE_DAYS: '36500' } });
    expect(json(run)['accounts']).toEqual([]);
  });

  it('does nothing while another process is at it', async () => {
    const lock = await AdvisoryLock.tryAcquire(tiptop.env['DATABASE_URL'] ?? '', 'retention');
    const run = await tiptop.run(['users', 'retention', '--apply', '--json']);
    await lock?.release();
    expect(run.exitCode).toBe(1);
    expect(refusal(run).code).toBe('RETENTION_RUNNING');
    expect(await emails()).toContain('gone@example.fr');
  });

  it('erases with --apply, once', async () => {
    const run = await tiptop.run(['users', 'retention', '--apply']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^Not used since \S+Z: 1 accounts erased, 0 kept, 0 failed; 0 expired rows removed\.\n$/,
    );
    expect(await emails()).toEqual([`erased-${id}@erased.invalid`, 'here@example.fr']);
    const again = json(await tiptop.run(['users', 'retention', '--apply', '--json']));
    expect(again).toMatchObject({ applied: true, erased: 0, kept: 0, failed: 0 });
    expect(await operatorEntries(client)).toEqual([['account-erased', {}]]);
  });
});
