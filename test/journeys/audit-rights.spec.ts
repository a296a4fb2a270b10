import { AuditLog, AuditTrail, AuditVerifier, Migrator, SERVICE } from '@tiptop/platform';
import { escapeIdentifier } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schema } from '../../migrations/data-source';
import { keptTables } from '../../migrations/kept-tables';
import { createContest, registerCustomer, signInAs, unplayedCodes } from '../support/builders';
import { Hand } from '../support/hand';
import { play } from '../support/plays';
import { startTestApp, type TestApp } from '../support/test-app';
import { type TwoRoles, twoRoles } from '../support/two-roles';

const DENIED = '42501';
const APPEND_ONLY = '23001';

const ALTERING = [
  `UPDATE audit_entries SET action = 'export'`,
  `UPDATE audit_entries SET details = '{}'`,
  'DELETE FROM audit_entries',
  'TRUNCATE audit_entries CASCADE',
  `UPDATE audit_chain SET hash = sha256('x')`,
  'DELETE FROM audit_chain',
  'TRUNCATE audit_chain',
];

describe('The rights on the audit log', () => {
  let roles: TwoRoles;
  let test: TestApp;
  let owner: Hand;

  beforeAll(async () => {
    roles = await twoRoles();
    // The migrations by themselves, without what sets rights right after them.
    const { entities, migrations } = schema;
    await new Migrator(roles.ownerUrl, { entities, migrations }).up();
    test = await startTestApp({ databaseUrl: roles.ownerUrl });
    owner = await Hand.of(roles.ownerUrl);
    await test.client.post('/v1/auth/login', { email: 'nobody@example.fr', password: 'a wrong guess' });
  });
  afterAll(async () => {
    await test.stop();
    await owner.end();
    await roles.drop();
  });

  it.each(ALTERING)('forbid the owner: %s', async (sql) => {
    expect(await owner.tries(sql)).toBe(DENIED);
  });

  it('let the owner write, chain, and take addresses out', async () => {
    await test.app.get(AuditLog).recordApart({ action: 'export', actor: SERVICE });
    expect(await owner.tries('UPDATE audit_entries SET address = NULL, address_salt = NULL')).toBe('done');
    expect(await owner.tries(`UPDATE audit_entries SET address = 'x', address_salt = 'x'`)).toBe(APPEND_ONLY);
    expect(await test.app.get(AuditTrail).forgetAddressesBefore(new Date(Date.now() + 1000))).toBe(1);
    expect(await test.app.get(AuditVerifier).verify()).toMatchObject({ intact: true, entries: 2 });
  });

  it('were not widened by an extension that nobody asked for', async () => {
    const extensions = await owner.rows<{ name: string }>('SELECT extname AS name FROM pg_extension ORDER BY 1');
    expect(extensions.map(({ name }) => name)).toEqual(['pg_trgm', 'plpgsql']);
  });

  it('come back to the owner with a restore without privileges, and go again at the next migration', async () => {
    const superuser = await Hand.of(roles.superuserUrl);
    await superuser.rows(`GRANT ALL ON audit_entries, audit_chain TO ${roles.owner}`);
    await superuser.end();
    // The triggers stand all the same.
    for (const sql of ALTERING) expect([sql, await owner.tries(sql)]).toEqual([sql, APPEND_ONLY]);
    await roles.migrator.up();
    for (const sql of ALTERING) expect([sql, await owner.tries(sql)]).toEqual([sql, DENIED]);
    await test.app.get(AuditLog).recordApart({ action: 'export', actor: SERVICE });
    expect((await test.app.get(AuditVerifier).verify()).intact).toBe(true);
  });

  it('do not keep the owner from reverting every migration and applying it again', async () => {
    const another = await twoRoles();
    try {
      const applied = await another.migrator.up({ serviceRole: another.service });
      for (const name of applied.reverse()) expect(await another.migrator.down()).toBe(name);
      expect(await another.migrator.down()).toBeUndefined();
      expect(await another.migrator.up({ serviceRole: another.service })).toHaveLength(schema.migrations.length);
    } finally {
      await another.drop();
    }
  });
});

describe('The rights of a service that has a role of its own', () => {
  let roles: TwoRoles;
  let test: TestApp;
  let service: Hand;
  let superuser: Hand;

  beforeAll(async () => {
    roles = await twoRoles();
    await roles.migrator.up({ serviceRole: roles.service });
    test = await startTestApp({ databaseUrl: roles.serviceUrl });
    const contest = await createContest(test, { tickets: 5 });
    const [code = ''] = await unplayedCodes(test, contest, 1);
    await play(test, code, await registerCustomer(test, { newsletter: true }));
    const { accessToken } = await signInAs(test, 'employee');
    const refusal = { reason: 'OTHER', note: 'La carte est illisible' };
    await test.client.post(`/v1/claims/${code}/refuse`, refusal, accessToken);
    [service, superuser] = [await Hand.of(roles.serviceUrl), await Hand.of(roles.superuserUrl)];
  });
  afterAll(async () => {
    await test.stop();
    await service.end();
    await superuser.end();
    await roles.drop();
  });

  it.each([
    ...ALTERING,
    `INSERT INTO audit_chain (position, entry_id, hash) VALUES (99, 1, sha256('x'))`,
    'ALTER TABLE audit_entries DISABLE TRIGGER ALL',
    'ALTER TABLE audit_chain DISABLE TRIGGER ALL',
    'ALTER TABLE consents DISABLE TRIGGER ALL',
    'ALTER TABLE claim_events DISABLE TRIGGER ALL',
    'UPDATE consents SET granted = false',
    'DELETE FROM consents',
    'TRUNCATE consents',
    `UPDATE claim_events SET kind = 'validated'`,
    'UPDATE claim_events SET at = now()',
    'DELETE FROM claim_events',
    'TRUNCATE claim_events',
    'DELETE FROM migrations',
    'TRUNCATE tickets',
    'SELECT pg_catalog.setval(sequence_name::regclass, 1) FROM decks',
    `DO $$ BEGIN EXECUTE (SELECT format('ALTER SEQUENCE %I RESTART', sequence_name) FROM decks); END $$`,
    'CREATE TABLE mine (id integer)',
    'CREATE SCHEMA mine',
    'CREATE TRIGGER mine BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse_change()',
    `CREATE TEMP TABLE mine (LIKE audit_entries);
     CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION chain_audit_entry()`,
    `SET session_replication_role = 'replica'`,
    'DROP TABLE audit_chain',
  ])('forbid it: %s', async (sql) => {
    expect(await service.tries(sql)).toBe(DENIED);
  });

  it('forbid it to act as the owner, or to set back the deck that it deals', async () => {
    expect(await service.tries(`SET ROLE ${roles.owner}`)).toBe(DENIED);
    expect(await service.tries('SELECT renew_deck_sequence(contest_id) FROM decks')).toBe(APPEND_ONLY);
    expect(await service.tries('SELECT renew_deck_sequence(gen_random_uuid())')).toBe('23503');
  });

  it('let it take out what may go, and leave the triggers to say how', async () => {
    expect(await service.tries('UPDATE audit_entries SET address = NULL, address_salt = NULL')).toBe('done');
    expect(await service.tries(`UPDATE audit_entries SET address = 'x', address_salt = 'x'`)).toBe(APPEND_ONLY);
    expect(await service.tries('UPDATE claim_events SET note = NULL')).toBe('done');
    expect(await service.tries(`UPDATE claim_events SET note = 'Tout va bien'`)).toBe(APPEND_ONLY);
  });

  /** What it was granted, by table; without the columns. */
  async function granted(): Promise<Record<string, string>> {
    const rows = await superuser.rows<{ name: string; privileges: string }>(
      `SELECT table_schema || '.' || table_name AS name, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS privileges
       FROM information_schema.role_table_grants WHERE grantee = $1 GROUP BY 1`,
      [roles.service],
    );
    return Object.fromEntries(rows.map(({ name, privileges }) => [name, privileges]));
  }

  it('are the usual ones on ordinary tables, and few on the others', async () => {
    const rows = await superuser.rows<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('public', 'pgboss')`,
    );
    expect(rows.length).toBeGreaterThan(20);
    expect(await granted()).toEqual({
      ...Object.fromEntries(rows.map(({ name }) => [name, 'DELETE INSERT SELECT UPDATE'])),
      'public.audit_entries': 'INSERT SELECT',
      'public.audit_chain': 'SELECT',
      'public.consents': 'INSERT SELECT',
      'public.claim_events': 'INSERT SELECT',
      'public.migrations': 'SELECT',
      'public.letters': 'SELECT',
    });
    const columns = await superuser.rows<object>(
      `SELECT table_name AS table, column_name AS column FROM information_schema.role_column_grants g
       WHERE grantee = $1 AND privilege_type = 'UPDATE' AND table_name = ANY ($2) ORDER BY 1, 2`,
      [roles.service, Object.keys(keptTables)],
    );
    expect(columns).toEqual([
      { table: 'audit_entries', column: 'address' },
      { table: 'audit_entries', column: 'address_salt' },
      { table: 'claim_events', column: 'note' },
      { table: 'claim_events', column: 'reason' },
    ]);
  });

  it('were thought of for every table that is append-only', async () => {
    const rows = await superuser.rows<{ name: string }>(
      `SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger
       WHERE encode(tgargs, 'escape') LIKE '%append-only%' ORDER BY 1`,
    );
    const names = rows.map(({ name }) => name);
    expect(names).toEqual(['audit_chain', 'audit_entries', 'claim_events', 'consents']);
    expect(names.filter((name) => !(name in keptTables))).toEqual([]);
  });

  it('are the same after another migration, whatever somebody gave it meanwhile', async () => {
    const role = escapeIdentifier(roles.service);
    const before = await granted();
    await roles.migrator.up({ serviceRole: roles.service });
    expect(await granted()).toEqual(before);
    await superuser.rows(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    await superuser.rows(`REVOKE SELECT ON users FROM ${role}`);
    await roles.migrator.up({ serviceRole: roles.service });
    expect(await granted()).toEqual(before);
  });

  it('reach a new table with the next migration', async () => {
    class Cups1900000000001 implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.query('CREATE TABLE cups (id integer)');
      }

      async down(runner: QueryRunner): Promise<void> {
        await runner.query('DROP TABLE cups');
      }
    }
    const migrator = new Migrator(roles.ownerUrl, { ...schema, migrations: [...schema.migrations, Cups1900000000001] });
    await migrator.up();
    expect(await service.tries('INSERT INTO cups VALUES (1)')).toBe(DENIED);
    await migrator.up({ serviceRole: roles.service });
    expect(await service.tries('INSERT INTO cups VALUES (1)')).toBe('done');
    await migrator.down();
  });
});
