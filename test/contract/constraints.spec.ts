import { Client, type DatabaseError } from 'pg';
import { createContest, registerCustomer, signInAs, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { startTestApp, type TestApp } from '../support/test-app';

/** What the attempts below work on; each stands in them as `:name`. */
interface Fixtures {
  customer: string;
  employee: string;
  store: string;
  /** A contest with prizes and neither tickets nor deck. */
  unsealed: string;
  /** A contest with a deck that nobody has drawn from. */
  undealt: string;
  prize: string;
  unplayed: string;
  pending: string;
  claimed: string;
}

const USER = `INSERT INTO users (email, email_key, first_name, last_name, birth_date, search_text, created_at, updated_at`;
const VALUES = `'a@b.fr', 'a@b.fr', 'A', 'B', '1990-01-01', 'a b', now(), now()`;
const PRIZE = `INSERT INTO prizes (contest_id, name, description, ordinal, value_cents, currency, weight)`;
const CONTEST = `INSERT INTO contests (name, created_at, slug, starts_at, ends_at, claim_ends_at)`;
const SESSION = `INSERT INTO sessions (user_id, created_at, last_used_at, expires_at, revoked_at, revoked_because)`;
const ERASED = `erased_at = now(), is_active = false, password_hash = NULL`;
const IDENTITY = `INSERT INTO identities (user_id, linked_at, last_used_at, provider, subject)`;
const CODE = `INSERT INTO sign_in_codes (subject, profile, expires_at, provider, hash)`;
const TOKEN = `INSERT INTO mail_tokens (user_id, created_at, expires_at, purpose, hash)`;
const HASH = `sha256('x')`;
const PRINT_RUN = `INSERT INTO print_runs (contest_id, requested_by, requested_at, count, status, progress, started_at, finished_at, reason)
  VALUES (:unsealed, :employee, now(),`;
const ENTRY = `INSERT INTO audit_entries (at, actor_id, actor_role, action, subject_type, subject_id, details, address, address_salt, address_digest)
  VALUES (now(),`;
const BACKUP = `INSERT INTO backup_runs (id, environment, started_at, kind, trigger, status, finished_at, manifest)
  VALUES ('x', 'dev', now(),`;
const VERIFICATION = `INSERT INTO backup_verifications (backup_id, source, passed, detail, started_at, finished_at, level)
  VALUES ('x', 'local', true, '', now(), now(),`;
const LEASE = `INSERT INTO operation_leases (environment, owner, operation) VALUES ('x', 'x',`;
const SMOKE = '00000000-0000-8000-8000-000000000001';
const PLAYED = `INSERT INTO tickets (code, deck_position, played_at, prize_id, contest_id, player_id, status, claimed_by, claimed_at)
  VALUES ('0O1ILU0O1I', 90, now(), :prize,`;
const DEPLOYMENT = `INSERT INTO deployments (environment, actor, owner, tag, started_at, kind, status, finished_at, reason, release,
    previous, failure_noticed_at, recovered_at)
  VALUES ('dev', 'x', 'x', 'x', now(),`;
const EVENT = `INSERT INTO claim_events (ticket_code, actor_id, at, kind, reason)`;

/** For each CHECK constraint, statements that break it and nothing else: one for each way in which it can be broken. */
const ATTEMPTS: Readonly<Record<string, readonly string[]>> = {
  users_role_check: [
    `${USER}, role) VALUES (${VALUES}, 'superuser')`,
    `UPDATE users SET role = 'Admin' WHERE id = :customer`,
    `UPDATE users SET role = '' WHERE id = :customer`,
  ],
  users_gender_check: [`UPDATE users SET gender = 'x' WHERE id = :customer`],
  users_email_key_check: [
    `UPDATE users SET email_key = 'Camille@Example.fr' WHERE id = :customer`,
    `UPDATE users SET email_key = '' WHERE id = :customer`,
  ],
  users_language_check: [`UPDATE users SET language = 'de' WHERE id = :customer`],
  users_smoke_check: [
    `INSERT INTO users (id, role, email, email_key, first_name, last_name, birth_date, search_text, created_at, updated_at)
     VALUES ('${SMOKE}', 'admin', ${VALUES})`,
    `INSERT INTO users (id, erased_at, is_active, email, email_key, first_name, last_name, birth_date, search_text, created_at, updated_at)
     VALUES ('00000000-0000-8000-8000-ffffffffffff', now(), false, ${VALUES})`,
  ],
  users_erased_check: [
    `UPDATE users SET erased_at = now(), password_hash = NULL WHERE id = :customer`,
    `UPDATE users SET erased_at = now(), is_active = false WHERE id = :customer`,
    `UPDATE users SET ${ERASED}, newsletter = true WHERE id = :customer`,
    `UPDATE users SET ${ERASED}, email_verified_at = now() WHERE id = :customer`,
  ],
  identities_provider_check: [`${IDENTITY} VALUES (:customer, now(), now(), 'myspace', '1')`],
  identities_subject_check: [`${IDENTITY} VALUES (:customer, now(), now(), 'google', '')`],
  sign_in_codes_hash_check: [`${CODE} VALUES ('1', '{}', now(), 'google', '\\x00')`],
  sign_in_codes_provider_check: [`${CODE} VALUES ('1', '{}', now(), 'myspace', ${HASH})`],
  spent_states_hash_check: [`INSERT INTO spent_states (hash, expires_at) VALUES ('\\x00', now())`],
  mail_tokens_hash_check: [`${TOKEN} VALUES (:customer, now(), now(), 'verify-email', '\\x00')`],
  mail_tokens_purpose_check: [`${TOKEN} VALUES (:customer, now(), now(), 'win-a-prize', ${HASH})`],
  second_factors_last_step_check: [
    `INSERT INTO second_factors (user_id, sealed_secret, created_at, last_step) VALUES (:customer, '\\x00', now(), 1)`,
  ],
  recovery_codes_hash_check: [`INSERT INTO recovery_codes (user_id, hash) VALUES (:customer, '\\x00')`],
  consents_kind_check: [
    `INSERT INTO consents (user_id, kind, version, granted, given_at) VALUES (:customer, 'cookies', '1', true, now())`,
  ],
  sessions_revoked_check: [
    `${SESSION} VALUES (:customer, now(), now(), now(), now(), NULL)`,
    `${SESSION} VALUES (:customer, now(), now(), now(), NULL, 'logout')`,
  ],
  sessions_revoked_because_check: [`${SESSION} VALUES (:customer, now(), now(), now(), now(), 'boredom')`],
  refresh_tokens_hash_check: [
    `UPDATE refresh_tokens SET hash = '\\x00'`,
    `UPDATE refresh_tokens SET hash = hash || '\\x00'`,
  ],
  print_runs_count_check: [`${PRINT_RUN} 0, 'queued', 0, NULL, NULL, NULL)`],
  print_runs_status_check: [`${PRINT_RUN} 1, 'paused', 0, now(), NULL, NULL)`],
  print_runs_progress_check: [
    `${PRINT_RUN} 1, 'queued', 2, NULL, NULL, NULL)`,
    `${PRINT_RUN} 1, 'queued', -1, NULL, NULL, NULL)`,
    `${PRINT_RUN} 2, 'done', 1, now(), now(), NULL)`,
  ],
  print_runs_started_check: [
    `${PRINT_RUN} 1, 'queued', 0, now(), NULL, NULL)`,
    `${PRINT_RUN} 1, 'running', 0, NULL, NULL, NULL)`,
  ],
  print_runs_finished_check: [
    `${PRINT_RUN} 1, 'running', 0, now(), now(), NULL)`,
    `${PRINT_RUN} 1, 'failed', 0, NULL, NULL, 'INTERRUPTED')`,
  ],
  print_runs_reason_check: [
    `${PRINT_RUN} 1, 'failed', 0, NULL, now(), NULL)`,
    `${PRINT_RUN} 1, 'failed', 0, NULL, now(), 'BOREDOM')`,
    `${PRINT_RUN} 1, 'queued', 0, NULL, NULL, 'INTERRUPTED')`,
  ],
  backup_runs_kind_check: [`${BACKUP} 'hourly', 'manual', 'running', NULL, NULL)`],
  backup_runs_trigger_check: [`${BACKUP} 'manual', 'boredom', 'running', NULL, NULL)`],
  backup_runs_status_check: [`${BACKUP} 'manual', 'manual', 'perhaps', now(), NULL)`],
  backup_runs_finished_check: [
    `${BACKUP} 'manual', 'manual', 'running', now(), NULL)`,
    `${BACKUP} 'manual', 'manual', 'requested', now(), NULL)`,
    `${BACKUP} 'manual', 'manual', 'failed', NULL, NULL)`,
  ],
  backup_runs_manifest_check: [
    `${BACKUP} 'manual', 'manual', 'succeeded', now(), NULL)`,
    `${BACKUP} 'manual', 'manual', 'degraded', now(), NULL)`,
  ],
  backup_verifications_level_check: [`${VERIFICATION} 'glance')`],
  operation_leases_operation_check: [`${LEASE} 'party')`],
  deployments_kind_check: [`${DEPLOYMENT} 'party', 'running', NULL, NULL, NULL, NULL, NULL, NULL)`],
  deployments_status_check: [`${DEPLOYMENT} 'deployment', 'perhaps', now(), 'x', NULL, NULL, NULL, NULL)`],
  deployments_finished_check: [
    `${DEPLOYMENT} 'deployment', 'running', now(), NULL, NULL, NULL, NULL, NULL)`,
    `${DEPLOYMENT} 'deployment', 'succeeded', NULL, NULL, '{}', NULL, NULL, NULL)`,
    `${DEPLOYMENT} 'deployment', 'failed', NULL, 'x', NULL, NULL, NULL, NULL)`,
    `${DEPLOYMENT} 'rollback', 'cancelled', NULL, 'x', NULL, NULL, NULL, NULL)`,
  ],
  deployments_reason_check: [
    `${DEPLOYMENT} 'deployment', 'running', NULL, 'x', NULL, NULL, NULL, NULL)`,
    `${DEPLOYMENT} 'deployment', 'succeeded', now(), 'x', '{}', NULL, NULL, NULL)`,
    `${DEPLOYMENT} 'deployment', 'failed', now(), NULL, NULL, NULL, NULL, NULL)`,
    `${DEPLOYMENT} 'deployment', 'cancelled', now(), NULL, NULL, NULL, NULL, NULL)`,
    `${DEPLOYMENT} 'deployment', 'rolled-back', now(), NULL, '{}', '{}', now(), now())`,
    `${DEPLOYMENT} 'deployment', 'rollback-failed', now(), NULL, '{}', '{}', now(), NULL)`,
  ],
  deployments_release_check: [`${DEPLOYMENT} 'rollback', 'succeeded', now(), NULL, NULL, '{}', NULL, NULL)`],
  deployments_rolled_back_check: [
    `${DEPLOYMENT} 'deployment', 'rolled-back', now(), 'x', '{}', NULL, now(), now())`,
    `${DEPLOYMENT} 'deployment', 'rolled-back', now(), 'x', '{}', '{}', now(), NULL)`,
  ],
  deployments_rollback_failed_check: [
    `${DEPLOYMENT} 'deployment', 'rollback-failed', now(), 'x', '{}', '{}', NULL, NULL)`,
    `${DEPLOYMENT} 'deployment', 'rollback-failed', now(), 'x', '{}', '{}', now(), now())`,
  ],
  deployments_recovered_check: [`${DEPLOYMENT} 'deployment', 'failed', now(), 'x', NULL, NULL, NULL, now())`],
  reminders_days_before_check: [
    `INSERT INTO reminders (contest_id, user_id, days_before, claim_ends_at, posted_at)
     VALUES (:unsealed, :customer, 0, now(), now())`,
  ],
  audit_entries_actor_check: [
    `${ENTRY} NULL, 'admin', 'sign-in', NULL, NULL, '{}', NULL, NULL, NULL)`,
    `${ENTRY} :employee, 'operator', 'sign-in', NULL, NULL, '{}', NULL, NULL, NULL)`,
  ],
  audit_entries_action_check: [`${ENTRY} :employee, 'employee', 'Sign In', NULL, NULL, '{}', NULL, NULL, NULL)`],
  audit_entries_subject_check: [`${ENTRY} :employee, 'employee', 'sign-in', 'user', NULL, '{}', NULL, NULL, NULL)`],
  audit_entries_details_check: [`${ENTRY} :employee, 'employee', 'sign-in', NULL, NULL, '[]', NULL, NULL, NULL)`],
  audit_entries_address_check: [
    `${ENTRY} :employee, 'employee', 'sign-in', NULL, NULL, '{}', '127.0.0.1', NULL, NULL)`,
  ],
  audit_entries_digest_check: [`${ENTRY} :employee, 'employee', 'sign-in', NULL, NULL, '{}', NULL, NULL, '\\x00')`],
  audit_chain_position_check: [
    `ALTER TABLE audit_chain DISABLE TRIGGER USER; INSERT INTO audit_chain (position, entry_id, hash) SELECT 0, max(id), ${HASH} FROM audit_entries`,
  ],
  audit_chain_hash_check: [
    `ALTER TABLE audit_chain DISABLE TRIGGER USER; INSERT INTO audit_chain (position, entry_id, hash) SELECT 1000, max(id), '\\x00' FROM audit_entries`,
  ],
  contests_slug_check: [
    ...['', 'Upper', 'two words', '-before', 'after-', 'double--hyphen', 'accentué', 'under_score'].map(
      (slug) => `UPDATE contests SET slug = '${slug}' WHERE id = :unsealed`,
    ),
  ],
  contests_dates_check: [
    `${CONTEST} VALUES ('X', now(), 'x', '2026-02-01', '2026-02-01', '2026-03-01')`,
    `${CONTEST} VALUES ('X', now(), 'x', '2026-02-02', '2026-02-01', '2026-03-01')`,
    `${CONTEST} VALUES ('X', now(), 'x', '2026-01-01', '2026-02-01', '2026-01-31')`,
  ],
  prizes_ordinal_check: [
    `${PRIZE} VALUES (:unsealed, 'X', 'X', -1, 0, 'EUR', 1)`,
    `${PRIZE} VALUES (:unsealed, 'X', 'X', 256, 0, 'EUR', 1)`,
  ],
  prizes_value_cents_check: [`${PRIZE} VALUES (:unsealed, 'X', 'X', 9, -1, 'EUR', 1)`],
  prizes_currency_check: [
    ...['eur', 'EURO', 'EU', '€', ''].map(
      (currency) => `${PRIZE} VALUES (:unsealed, 'X', 'X', 9, 0, '${currency}', 1)`,
    ),
  ],
  prizes_weight_check: [
    `${PRIZE} VALUES (:unsealed, 'X', 'X', 9, 0, 'EUR', 0)`,
    `${PRIZE} VALUES (:unsealed, 'X', 'X', 9, 0, 'EUR', -1)`,
  ],
  tickets_code_check: [
    ...['', 'ABCDEFGHI', 'ABCDEFGHIJK', 'abcdefghij', 'ABCDE-GHIJ', 'ABCDE GHIJ', 'ÀBCDEFGHIJ', 'ABCDEFGHIJ\n'].map(
      (code) => `INSERT INTO tickets (code, contest_id) VALUES ('${code}', :undealt)`,
    ),
  ],
  tickets_status_check: [
    `UPDATE tickets SET status = 'pending' WHERE code = :unplayed`,
    `UPDATE tickets SET status = 'claimed' WHERE code = :unplayed`,
    `UPDATE tickets SET status = 'lost' WHERE code = :unplayed`,
    `UPDATE tickets SET status = 'unclaimed' WHERE code = :pending`,
    `UPDATE tickets SET status = 'claimed' WHERE code = :pending`,
    `UPDATE tickets SET status = 'pending' WHERE code = :claimed`,
    `UPDATE tickets SET status = 'unclaimed' WHERE code = :claimed`,
    `UPDATE tickets SET claimed_by = NULL, claimed_at = NULL, store_id = NULL WHERE code = :claimed`,
  ],
  tickets_play_check: [
    `UPDATE tickets SET status = 'pending', player_id = :customer WHERE code = :unplayed`,
    `UPDATE tickets SET prize_id = :prize WHERE code = :unplayed`,
    `UPDATE tickets SET deck_position = 1 WHERE code = :unplayed`,
    `UPDATE tickets SET played_at = now() WHERE code = :unplayed`,
    ...['prize_id = :prize', 'deck_position = 90', 'played_at = now()'].map(
      (_, missing, all) => `UPDATE tickets SET status = 'pending', player_id = :customer,
        ${all.filter((__, place) => place !== missing).join(', ')} WHERE code = :unplayed`,
    ),
    `UPDATE tickets SET prize_id = :prize, deck_position = 90, played_at = now() WHERE code = :unplayed`,
  ],
  tickets_play_key_check: [`UPDATE tickets SET play_key = 'key' WHERE code = :unplayed`],
  tickets_claim_check: [
    `UPDATE tickets SET claimed_by = :employee WHERE code = :pending`,
    `UPDATE tickets SET status = 'claimed', claimed_at = now() WHERE code = :pending`,
    `UPDATE tickets SET status = 'claimed', claimed_at = now(), claimed_by = :employee WHERE code = :unplayed`,
  ],
  tickets_store_check: [
    `UPDATE tickets SET store_id = :store WHERE code = :pending`,
    `UPDATE tickets SET store_id = :store WHERE code = :unplayed`,
  ],
  tickets_claim_order_check: [
    `UPDATE tickets SET status = 'claimed', claimed_by = :employee, claimed_at = played_at - interval '1 ms'
     WHERE code = :pending`,
  ],
  tickets_self_claim_check: [
    `UPDATE tickets SET status = 'claimed', claimed_by = player_id, claimed_at = now() + interval '1 day'
     WHERE code = :pending`,
  ],
  tickets_smoke_check: [
    `${PLAYED} '${SMOKE}', :customer, 'pending', NULL, NULL)`,
    `${PLAYED} '${SMOKE}', '${SMOKE}', 'claimed', :employee, now())`,
    `UPDATE tickets SET status = 'pending', player_id = '${SMOKE}', prize_id = :prize, deck_position = 90, played_at = now()
     WHERE code = :unplayed`,
    `UPDATE tickets SET status = 'claimed', claimed_by = '${SMOKE}', claimed_at = played_at WHERE code = :pending`,
  ],
  decks_size_check: [
    `UPDATE decks SET size = 0 WHERE contest_id = :undealt`,
    `UPDATE decks SET size = -1 WHERE contest_id = :undealt`,
    `UPDATE decks SET page_size = 0 WHERE contest_id = :undealt`,
  ],
  decks_commitment_check: [
    `UPDATE decks SET commitment = '' WHERE contest_id = :undealt`,
    `UPDATE decks SET commitment = upper(commitment) || 'A' WHERE contest_id = :undealt`,
    `UPDATE decks SET commitment = left(commitment, 63) WHERE contest_id = :undealt`,
    `UPDATE decks SET commitment = left(commitment, 63) || 'g' WHERE contest_id = :undealt`,
  ],
  claim_events_kind_check: [`${EVENT} VALUES (:claimed, :employee, now(), 'sold', 'x')`],
  claim_events_reason_check: [
    `${EVENT} VALUES (:claimed, :employee, now(), 'validated', 'because')`,
    `${EVENT} VALUES (:claimed, :employee, now(), 'undone', NULL)`,
    `${EVENT} VALUES (:claimed, :employee, now(), 'refused', NULL)`,
  ],
  claim_events_refusal_check: [
    `${EVENT} VALUES (:claimed, :employee, now(), 'refused', 'because')`,
    `${EVENT} VALUES (:claimed, :employee, now(), 'refused', '')`,
  ],
};

describe('The CHECK constraints', () => {
  let test: TestApp;
  let client: Client;
  let fixtures: Fixtures;
  let declared: string[];

  beforeAll(async () => {
    test = await startTestApp();
    client = new Client({ connectionString: test.config.databaseUrl });
    await client.connect();
    const customer = await registerCustomer(test);
    const employee = await signInAs(test, 'employee');
    const unsealed = await createContest(test, { tickets: 0, startsAt: new Date(Date.now() + 1e9) });
    const undealt = await createContest(test, { tickets: 5, startsAt: new Date(Date.now() + 1e9) });
    const contest = await createContest(test, { tickets: 5 });
    const [pending = '', claimed = '', unplayed = ''] = await unplayedCodes(test, contest, 3);
    for (const code of [pending, claimed]) await play(test, code, customer);
    await test.client.post(`/v1/claims/${claimed}/validate`, { identityChecked: true }, employee.accessToken);
    fixtures = {
      customer: customer.user.id,
      employee: employee.user.id,
      store: await first(
        `INSERT INTO stores (name, city, created_at) VALUES ('S', 'Nice', now()) RETURNING id AS value`,
      ),
      unsealed: unsealed.id,
      undealt: undealt.id,
      prize: await first(`SELECT id AS value FROM prizes WHERE contest_id = '${contest.id}' LIMIT 1`),
      unplayed,
      pending,
      claimed,
    };
    const { rows } = await client.query<{ name: string }>(
      `SELECT conname AS name FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace`,
    );
    declared = rows.map(({ name }) => name);
  });
  afterAll(async () => {
    await client.end();
    await test.stop();
  });

  async function first(sql: string): Promise<string> {
    const { rows } = await client.query<{ value: string }>(sql);
    return rows[0]!.value;
  }

  /** Runs a statement and takes it back; gives the constraint that refused it, or what else became of it. */
  async function refusedBy(sql: string): Promise<string> {
    const statement = sql.replace(/(?<!:):([a-z]+)/g, (_, name: keyof Fixtures) =>
      client.escapeLiteral(fixtures[name]),
    );
    await client.query('BEGIN');
    try {
      const { rowCount } = await client.query(statement);
      return rowCount === 0 ? 'nobody: it met no row' : 'nobody: it was accepted';
    } catch (error) {
      const { code, constraint, message } = error as DatabaseError;
      return code === '23514' ? (constraint ?? 'a constraint without a name') : `${code ?? ''} ${message}`;
    } finally {
      await client.query('ROLLBACK');
    }
  }

  it('are each tried below, those of later migrations as well', () => {
    expect([...declared].sort()).toEqual(Object.keys(ATTEMPTS).sort());
  });

  it.each(Object.entries(ATTEMPTS))('%s refuses what breaks it', async (name, statements) => {
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) expect([statement, await refusedBy(statement)]).toEqual([statement, name]);
  });

  it('let through what breaks none: the attempts fail for the reason they name', async () => {
    const fine = [
      `${USER}, role, gender) VALUES (${VALUES}, 'employee', 'other')`,
      `UPDATE users SET ${ERASED} WHERE id = :customer`,
      `${IDENTITY} VALUES (:customer, now(), now(), 'facebook', '1')`,
      `${CODE} VALUES ('1', '{}', now(), 'google', ${HASH})`,
      `${TOKEN} VALUES (:customer, now(), now(), 'reset-password', ${HASH})`,
      `${CONTEST} VALUES ('X', now(), 'x-2', '2026-01-01', '2026-02-01', '2026-02-01')`,
      `${PRIZE} VALUES (:unsealed, 'X', 'X', 255, 0, 'EUR', 1)`,
      `${SESSION} VALUES (:customer, now(), now(), now(), now(), 'logout')`,
      `INSERT INTO tickets (code, contest_id) VALUES ('0O1ILU0O1I', :undealt)`,
      `UPDATE tickets SET status = 'pending', player_id = :customer, prize_id = :prize, deck_position = 90,
         played_at = now(), play_key = 'key' WHERE code = :unplayed`,
      `UPDATE tickets SET status = 'claimed', claimed_by = :employee, claimed_at = played_at, store_id = :store
       WHERE code = :pending`,
      `UPDATE tickets SET status = 'pending', claimed_by = NULL, claimed_at = NULL, store_id = NULL WHERE code = :claimed`,
      `${EVENT} VALUES (:claimed, :employee, now(), 'undone', 'because')`,
      `${BACKUP} 'daily', 'catch-up', 'requested', NULL, NULL)`,
      `${BACKUP} 'daily', 'schedule', 'failed', now(), NULL)`,
      `${BACKUP} 'pre-deploy', 'deployment', 'degraded', now(), '{}')`,
      `${VERIFICATION} 'drill')`,
      `${LEASE} 'restore')`,
      `${DEPLOYMENT} 'deployment', 'running', NULL, NULL, NULL, NULL, NULL, NULL)`,
      `${DEPLOYMENT} 'rollback', 'succeeded', now(), NULL, '{}', NULL, NULL, NULL)`,
      `${DEPLOYMENT} 'deployment', 'cancelled', now(), 'x', NULL, NULL, NULL, NULL)`,
      `${DEPLOYMENT} 'deployment', 'failed', now(), 'x', '{}', NULL, now(), NULL)`,
      `${DEPLOYMENT} 'deployment', 'rolled-back', now(), 'x', '{}', '{}', now(), now())`,
      `${DEPLOYMENT} 'deployment', 'rollback-failed', now(), 'x', '{}', '{}', now(), NULL)`,
    ];
    for (const statement of fine) expect(await refusedBy(statement)).toBe('nobody: it was accepted');
  });
});
