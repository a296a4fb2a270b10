import { verify } from '@node-rs/argon2';
import type { Client } from 'pg';
import { operatorEntries } from './operator-entries';
import { json, refusal, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

const PASSWORD = 'trois-tasses-de-sencha';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function create(email: string, ...more: string[]): string[] {
  const person = ['--role', 'admin', '--first-name', 'Alix', '--last-name', 'Bernard', '--password-stdin'];
  return ['users', 'create', '--email', email, ...person, ...more];
}

describe('tiptop users create', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
  });
  afterAll(async () => {
    await clear();
  });

  it('makes an account that can sign in, and prints its id', async () => {
    const run = await tiptop.run(create('Alix@Example.fr'), { input: `${PASSWORD}\n` });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const id = run.stdout.trim();
    expect(id).toMatch(UUID);
    const { rows } = await client.query<Record<string, unknown>>('SELECT * FROM users WHERE id = $1', [id]);
    expect(rows[0]).toMatchObject({ email: 'Alix@Example.fr', role: 'admin', first_name: 'Alix', is_active: true });
    expect(rows[0]?.['email_verified_at']).toBeInstanceOf(Date);
    expect(await verify(String(rows[0]?.['password_hash']), PASSWORD)).toBe(true);
    // The terms are for the person to accept.
    expect((await client.query('SELECT FROM consents WHERE user_id = $1', [id])).rowCount).toBe(0);
    expect(await operatorEntries(client)).toEqual([['account-created', { role: 'admin' }]]);
  });

  it('answers in JSON', async () => {
    const run = await tiptop.run(create('json@example.fr', '--birth-date', '1988-02-29', '--json'), {
      input: PASSWORD,
    });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const document = json(run);
    expect(document).toEqual({ id: expect.stringMatching(UUID) as string, email: 'json@example.fr', role: 'admin' });
    const { rows } = await client.query<{ day: string }>('SELECT birth_date::text AS day FROM users WHERE id = $1', [
      document['id'],
    ]);
    expect(rows).toEqual([{ day: '1988-02-29' }]);
  });

  it('refuses an address that is taken, however it is spelled', async () => {
    await tiptop.run(create('twice@example.fr'), { input: PASSWORD });
    const again = await tiptop.run(create('TWICE@example.fr', '--json'), { input: PASSWORD });
    expect(again).toMatchObject({ exitCode: 1, stderr: '' });
    expect(refusal(again).code).toBe('EMAIL_TAKEN');
  });

  it('refuses a weak password and a minor in a line each, and repeats neither password', async () => {
    const weak = await tiptop.run(create('weak@example.fr'), { input: 'password12' });
    expect(weak).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'tiptop: The password is too weak.\n  password: is in lists of leaked passwords\n',
    });
    const minor = await tiptop.run(create('minor@example.fr', '--birth-date', '2020-01-01'), { input: PASSWORD });
    expect(minor).toMatchObject({ exitCode: 1, stdout: '' });
    expect(minor.stderr).toMatch(/^tiptop: .* younger than 18, the minimum age\.\n$/);
    const none = await tiptop.run(create('none@example.fr'));
    expect(none).toEqual({ exitCode: 2, stdout: '', stderr: 'tiptop: There is no password on stdin.\n' });
    const long = await tiptop.run(create('long@example.fr', '--json'), { input: 'sencha-'.repeat(20) });
    expect(long.exitCode).toBe(2);
    expect(long.stdout + long.stderr).not.toContain('sencha');
    const { rowCount } = await client.query(`SELECT FROM users WHERE email ~ '^(weak|minor|long)@'`);
    expect(rowCount).toBe(0);
  });
});

describe('tiptop users reset-second-factor', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
  });
  afterAll(async () => {
    await clear();
  });

  const reset = (email: string, ...more: string[]) =>
    tiptop.run(['users', 'reset-second-factor', '--email', email, ...more]);

  /** An account with a second factor, a recovery code and an open session. */
  async function account(email: string): Promise<string> {
    const id = (await tiptop.run(create(email), { input: PASSWORD })).stdout.trim();
    await client.query(
      `INSERT INTO second_factors (user_id, sealed_secret, created_at, confirmed_at) VALUES ($1, '\\x00', now(), now())`,
      [id],
    );
    await client.query(`INSERT INTO recovery_codes (user_id, hash) VALUES ($1, sha256('code'))`, [id]);
    await client.query(
      `INSERT INTO sessions (user_id, created_at, last_used_at, expires_at, second_factor_at)
       VALUES ($1, now(), now(), now() + interval '1 hour', now())`,
      [id],
    );
    return id;
  }

  async function leftOf(id: string): Promise<unknown> {
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT (SELECT count(*)::int FROM second_factors WHERE user_id = $1) AS factors,
         (SELECT count(*)::int FROM recovery_codes WHERE user_id = $1) AS codes,
         (SELECT count(*)::int FROM sessions WHERE user_id = $1 AND revoked_at IS NULL) AS sessions`,
      [id],
    );
    return rows[0];
  }

  it('takes factor and recovery codes away and ends the sessions, of that account only', async () => {
    const [id, bystander] = [await account('lost@example.fr'), await account('bystander@example.fr')];
    const run = await reset('LOST@example.fr');
    expect(run).toEqual({ exitCode: 0, stdout: `${id}\n`, stderr: '' });
    expect(await leftOf(id)).toEqual({ factors: 0, codes: 0, sessions: 0 });
    expect(await leftOf(bystander)).toEqual({ factors: 1, codes: 1, sessions: 1 });
    expect(json(await reset('bystander@example.fr', '--json'))).toEqual({ id: bystander });
    expect((await operatorEntries(client)).map(([action]) => action)).toEqual([
      'account-created',
      'account-created',
      'second-factor-reset',
      'second-factor-reset',
    ]);
  });

  it('refuses an account that has none, and an address that nobody has', async () => {
    await tiptop.run(create('plain@example.fr'), { input: PASSWORD });
    const none = await reset('plain@example.fr');
    expect(none).toEqual({ exitCode: 1, stdout: '', stderr: 'tiptop: The account has no second factor.\n' });
    const nobody = await reset('nobody@example.fr', '--json');
    expect(nobody.exitCode).toBe(1);
    expect(refusal(nobody).code).toBe('USER_NOT_FOUND');
    expect((await tiptop.run(['users', 'reset-second-factor'])).exitCode).toBe(2);
  });
});
