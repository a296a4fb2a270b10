import type { Contest } from '@tiptop/game';
import { Client, type DatabaseError } from 'pg';
import { createContest, registerCustomer, signInAs, unplayedCodes } from '../support/builders';
import { expectDeckHolds } from '../support/deck-facts';
import { play } from '../support/plays';
import { startTestApp, type TestApp } from '../support/test-app';

const RESTRICT_VIOLATION = '23001';
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

/** Triggers of the tables that keep promises. Each is met by a test below; those of the audit log by its own spec, and the
 * counting ones by the statistics'. */
const TRIGGERS = [
  'audit_chain_append_only',
  'audit_chain_by_entries',
  'audit_entries_append_only',
  'audit_entries_chained',
  'audit_entries_keep',
  'claim_events_append_only',
  'claim_events_keep',
  'consents_append_only',
  'deck_pages_keep_all',
  'deck_pages_keep_dealt',
  'decks_keep_all',
  'decks_keep_dealt',
  'prizes_keep_sealed',
  'tickets_count_added',
  'tickets_count_change',
  'tickets_count_deleted',
  'tickets_count_swept',
  'tickets_handed_over_once',
  'tickets_keep_all',
  'tickets_keep_identity',
  'tickets_keep_played',
  'tickets_won_once',
  'users_count_added',
  'users_count_changed',
  'users_count_deleted',
  'users_keep_erased',
  'users_last_admin',
  'users_last_admin_stays',
];
const KEPT_TABLES = [
  'audit_entries',
  'audit_chain',
  'users',
  'consents',
  'contests',
  'prizes',
  'stores',
  'tickets',
  'decks',
  'deck_pages',
  'deck_leftovers',
  'claim_events',
];

describe('What the database itself keeps from happening', () => {
  let test: TestApp;
  let client: Client;
  let names: Record<string, string>;
  let contest: Contest;

  beforeAll(async () => {
    test = await startTestApp();
    client = new Client({ connectionString: test.config.databaseUrl });
    await client.connect();
    const customer = await registerCustomer(test);
    const [employee, colleague] = [await signInAs(test, 'employee'), await signInAs(test, 'employee')];
    const admin = await signInAs(test, 'admin');
    const erased = await signInAs(test, 'customer');
    await client.query(
      `UPDATE users SET erased_at = now(), is_active = false, password_hash = NULL, email_verified_at = NULL WHERE id = $1`,
      [erased.user.id],
    );
    const undealt = await createContest(test, { tickets: 5, startsAt: new Date(Date.now() + 1e9) });
    const unsealed = await createContest(test, { tickets: 0, startsAt: new Date(Date.now() + 1e9) });
    contest = await createContest(test, { tickets: 5 });
    const [pending = '', claimed = '', unplayed = ''] = await unplayedCodes(test, contest, 3);
    for (const code of [pending, claimed]) await play(test, code, customer, { 'idempotency-key': `key-${code}` });
    await test.client.post(`/v1/claims/${claimed}/validate`, { identityChecked: true }, employee.accessToken);
    const refusal = { reason: 'OTHER', note: 'La carte est au nom de Camille' };
    await test.client.post(`/v1/claims/${pending}/refuse`, refusal, employee.accessToken);
    await test.client.post(`/v1/claims/${pending}/validate`, { identityChecked: true }, employee.accessToken);
    await test.client.post(`/v1/claims/${pending}/undo`, { reason: 'Camille est revenue' }, admin.accessToken);
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO stores (name, city, created_at) VALUES ('S', 'Nice', now()) RETURNING id`,
    );
    names = {
      customer: customer.user.id,
      employee: employee.user.id,
      colleague: colleague.user.id,
      admin: admin.user.id,
      erased: erased.user.id,
      store: rows[0]!.id,
      dealt: contest.id,
      undealt: undealt.id,
      unsealed: unsealed.id,
      pending,
      claimed,
      unplayed,
    };
  });
  afterAll(async () => {
    await client.end();
    await test.stop();
  });

  /** Runs a statement and takes it back. @returns the SQLSTATE and the message or constraint, or how many rows it met */
  async function attempt(sql: string): Promise<string> {
    const statement = sql.replace(/(?<!:):([a-z]+)/g, (_, name: string) => client.escapeLiteral(names[name] ?? ''));
    await client.query('BEGIN');
    try {
      const { rowCount } = await client.query(statement);
      return `accepted ${rowCount ?? 0}`;
    } catch (error) {
      const { code, constraint, message } = error as DatabaseError;
      return `${code ?? ''} ${constraint ?? message}`;
    } finally {
      await client.query('ROLLBACK');
    }
  }

  it('is listed here in full', async () => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY($1::regclass[]) ORDER BY 1`,
      [KEPT_TABLES],
    );
    expect(rows.map(({ name }) => name)).toEqual(TRIGGERS);
  });

  it.each([
    `UPDATE claim_events SET at = at + interval '1 s'`,
    `UPDATE claim_events SET actor_id = :colleague`,
    `UPDATE claim_events SET ticket_code = :pending`,
    `UPDATE claim_events SET kind = 'undone', reason = 'ERASED'`,
    `UPDATE claim_events SET store_id = :store`,
    `UPDATE claim_events SET reason = 'x' WHERE kind = 'undone'`,
    `UPDATE claim_events SET reason = 'ERASED' WHERE kind = 'refused'`,
    `UPDATE claim_events SET note = 'x' WHERE kind = 'refused'`,
    `DELETE FROM claim_events`,
    `DELETE FROM claim_events WHERE ticket_code = :claimed`,
    `TRUNCATE claim_events`,
  ])('the record of hand-overs is append-only: %s', async (sql) => {
    expect(await attempt(sql)).toBe(`${RESTRICT_VIOLATION} claim_events: the record of hand-overs is append-only`);
  });

  it('what was written of a person in that record may be taken out, and no more than that', async () => {
    expect(await attempt(`UPDATE claim_events SET note = NULL WHERE kind = 'refused'`)).toBe('accepted 1');
    expect(await attempt(`UPDATE claim_events SET reason = 'ERASED' WHERE kind = 'undone'`)).toBe('accepted 1');
    expect(await attempt(`UPDATE claim_events SET note = NULL, actor_id = :colleague WHERE kind = 'refused'`)).toMatch(
      /append-only$/,
    );
  });

  it.each([
    `UPDATE consents SET granted = NOT granted`,
    `UPDATE consents SET given_at = now() WHERE false`,
    `DELETE FROM consents`,
    `TRUNCATE consents`,
  ])('the record of consents is append-only: %s', async (sql) => {
    expect(await attempt(sql)).toBe(`${RESTRICT_VIOLATION} consents: the record of consents is append-only`);
  });

  it('the last active administrator stays', async () => {
    const refused = `${RESTRICT_VIOLATION} users_last_admin`;
    const gone = `is_active = false, erased_at = now(), password_hash = NULL, email_verified_at = NULL`;
    for (const sql of [
      `UPDATE users SET role = 'customer' WHERE id = :admin`,
      `UPDATE users SET is_active = false WHERE id = :admin`,
      `UPDATE users SET ${gone} WHERE id = :admin`,
      `UPDATE users SET is_active = false`,
      `DELETE FROM users WHERE id = :admin`,
    ]) {
      expect([sql, await attempt(sql)]).toEqual([sql, refused]);
    }
    expect(await attempt(`UPDATE users SET first_name = 'Maxime' WHERE id = :admin`)).toBe('accepted 1');
    await client.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [names.employee]);
    expect(await attempt(`UPDATE users SET role = 'customer' WHERE id = :admin`)).toBe('accepted 1');
    // Both in one statement is one too many.
    expect(await attempt(`UPDATE users SET role = 'customer' WHERE role = 'admin'`)).toBe(refused);
    await client.query(`UPDATE users SET is_active = false WHERE id = $1`, [names.employee]);
    expect(await attempt(`UPDATE users SET role = 'customer' WHERE id = :admin`)).toBe(refused);
    await client.query(`UPDATE users SET is_active = true, role = 'employee' WHERE id = $1`, [names.employee]);
  });

  it('an erased account stays erased', async () => {
    for (const change of ['erased_at = NULL', `first_name = 'Camille'`, 'is_active = true']) {
      expect(await attempt(`UPDATE users SET ${change} WHERE id = :erased`)).toBe(
        `${RESTRICT_VIOLATION} users: an erased account stays erased`,
      );
    }
  });

  it.each(['pending', 'claimed'])('a play is final, on a %s ticket', async (code) => {
    for (const change of [
      'player_id = :colleague',
      `prize_id = (SELECT id FROM prizes WHERE contest_id = :dealt AND id <> prize_id LIMIT 1)`,
      'deck_position = 90',
      `played_at = played_at - interval '1 day'`,
      `play_key = 'another'`,
      `status = 'unclaimed', player_id = NULL, prize_id = NULL, deck_position = NULL, played_at = NULL, play_key = NULL,
       claimed_by = NULL, claimed_at = NULL`,
    ]) {
      expect(await attempt(`UPDATE tickets SET ${change} WHERE code = :${code}`)).toBe(
        `${RESTRICT_VIOLATION} tickets: a play is final`,
      );
    }
  });

  it('the key of a play may be taken out, since a client may have put a name in it, and no other put in', async () => {
    expect(await attempt(`UPDATE tickets SET play_key = NULL WHERE code = :pending`)).toBe('accepted 1');
    expect(await attempt(`UPDATE tickets SET play_key = NULL, deck_position = 90 WHERE code = :pending`)).toBe(
      `${RESTRICT_VIOLATION} tickets: a play is final`,
    );
  });

  it('a hand-over is undone, never overwritten', async () => {
    for (const change of [
      'claimed_by = :colleague',
      `claimed_at = claimed_at + interval '1 day'`,
      'store_id = :store',
      `claimed_by = :colleague, claimed_at = claimed_at + interval '1 hour', store_id = :store`,
    ]) {
      expect(await attempt(`UPDATE tickets SET ${change} WHERE code = :claimed`)).toBe(
        `${RESTRICT_VIOLATION} tickets: a hand-over is undone, never overwritten`,
      );
    }
    const undo = `UPDATE tickets SET status = 'pending', claimed_by = NULL, claimed_at = NULL WHERE code = :claimed`;
    expect(await attempt(undo)).toBe('accepted 1');
  });

  it('a ticket keeps its code and its contest', async () => {
    for (const code of ['unplayed', 'pending', 'claimed']) {
      for (const change of [`code = '222222222J'`, 'contest_id = :undealt']) {
        expect(await attempt(`UPDATE tickets SET ${change} WHERE code = :${code}`)).toBe(
          `${RESTRICT_VIOLATION} tickets: a ticket keeps its code and its contest`,
        );
      }
    }
  });

  it('a played ticket stays', async () => {
    // Of the claimed one, its hand-over would also keep it.
    for (const code of ['pending', 'claimed']) {
      expect(await attempt(`DELETE FROM tickets WHERE code = :${code}`)).toBe(
        `${RESTRICT_VIOLATION} tickets: a played ticket stays`,
      );
    }
    expect(await attempt('DELETE FROM tickets')).toBe(`${RESTRICT_VIOLATION} tickets: a played ticket stays`);
  });

  it.each(['dealt', 'undealt'])('a sealed contest keeps its prizes, here an %s one', async (sealed) => {
    const refused = `${RESTRICT_VIOLATION} the deck of this contest is sealed`;
    const last = `id = (SELECT id FROM prizes WHERE contest_id = :${sealed} ORDER BY ordinal DESC LIMIT 1)`;
    for (const sql of [
      `INSERT INTO prizes (contest_id, name, description, ordinal, value_cents, currency, weight)
       VALUES (:${sealed}, 'X', 'X', 9, 0, 'EUR', 1)`,
      `UPDATE prizes SET weight = weight + 1 WHERE ${last}`,
      `UPDATE prizes SET ordinal = 9 WHERE ${last}`,
      `UPDATE prizes SET contest_id = :unsealed, ordinal = 9 WHERE ${last}`,
      `UPDATE prizes SET id = gen_random_uuid() WHERE ${last}`,
      `DELETE FROM prizes WHERE ${last}`,
    ]) {
      expect([sql, await attempt(sql)]).toEqual([sql, refused]);
    }
    expect(await attempt(`UPDATE prizes SET name = 'Mieux dit', value_cents = 1 WHERE ${last}`)).toBe('accepted 1');
  });

  it('an unsealed contest may be given other prizes, and none that belong to a sealed one', async () => {
    expect(await attempt('UPDATE prizes SET weight = weight + 1 WHERE contest_id = :unsealed')).toBe('accepted 5');
    expect(await attempt('DELETE FROM prizes WHERE contest_id = :unsealed')).toBe('accepted 5');
    const move = `UPDATE prizes SET contest_id = :undealt, ordinal = 9 WHERE contest_id = :unsealed AND ordinal = 0`;
    expect(await attempt(move)).toBe(`${RESTRICT_VIOLATION} the deck of this contest is sealed`);
  });

  it('a deck that is being dealt stays as it is', async () => {
    const refused = `${RESTRICT_VIOLATION} this deck is being dealt`;
    for (const sql of [
      `UPDATE decks SET commitment = repeat('0', 64) WHERE contest_id = :dealt`,
      `UPDATE decks SET size = size + 1 WHERE contest_id = :dealt`,
      `DELETE FROM decks WHERE contest_id = :dealt`,
      `UPDATE deck_pages SET cards = set_byte(cards, 0, 255) WHERE contest_id = :dealt`,
      `DELETE FROM deck_pages WHERE contest_id = :dealt`,
    ]) {
      expect([sql, await attempt(sql)]).toEqual([sql, refused]);
    }
    expect(await attempt('DELETE FROM decks WHERE contest_id = :undealt')).toBe('accepted 1');
    await expectDeckHolds(test, contest);
  });

  it('a deck that is being dealt can’t be swept away with all the others', async () => {
    for (const sql of [
      'TRUNCATE deck_pages',
      'TRUNCATE decks CASCADE',
      'TRUNCATE tickets CASCADE',
      'TRUNCATE users CASCADE',
    ]) {
      expect([sql, await attempt(sql)]).toEqual([sql, expect.stringMatching(`^${RESTRICT_VIOLATION} `)]);
    }
  });

  it('a card is dealt once, and a key plays once', async () => {
    const playAs = (position: string, key: string): string =>
      `UPDATE tickets SET status = 'pending', player_id = :customer, played_at = now(), play_key = ${key},
         prize_id = (SELECT id FROM prizes WHERE contest_id = :dealt AND ordinal = 0), deck_position = ${position}
       WHERE code = :unplayed`;
    const taken = '(SELECT deck_position FROM tickets WHERE code = :pending)';
    expect(await attempt(playAs(taken, 'NULL'))).toBe(`${UNIQUE_VIOLATION} tickets_deck_position_key`);
    expect(await attempt(playAs('90', `'key-' || :pending`))).toBe(`${UNIQUE_VIOLATION} tickets_play_key_key`);
    expect(await attempt(playAs('90', `'key-of-its-own'`))).toBe('accepted 1');
  });

  it('a code exists once, among all contests', async () => {
    for (const owner of ['dealt', 'undealt']) {
      const again = await attempt(`INSERT INTO tickets (code, contest_id) VALUES (:unplayed, :${owner})`);
      expect(again).toBe(`${UNIQUE_VIOLATION} tickets_pkey`);
    }
  });

  it('people and contests that tickets tell of stay', async () => {
    const kept = [
      ['DELETE FROM users WHERE id = :customer', FOREIGN_KEY_VIOLATION],
      ['DELETE FROM users WHERE id = :employee', FOREIGN_KEY_VIOLATION],
      ['DELETE FROM contests WHERE id = :dealt', FOREIGN_KEY_VIOLATION],
    ];
    for (const [sql = '', state] of kept) expect([sql, (await attempt(sql)).split(' ')[0]]).toEqual([sql, state]);
  });
});
