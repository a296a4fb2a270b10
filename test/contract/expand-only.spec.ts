import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schema } from '../../migrations/data-source';
import { faultsOf } from '../support/expand-only/expand-only';
import { recordUp } from '../support/expand-only/recorded-migration';
import { statementsOf } from '../support/expand-only/sql-statements';

/** Those before were applied before the first deployment: no earlier release went on beside them. */
const FIRST = 1795700000000;

interface Exception {
  /** Why the release before goes on nevertheless. That it is late is no reason. */
  why: string;
  /** How the statements begin that it is for: it excuses no others. */
  statements: readonly string[];
}

/** Faulty by the rules, and deployed all the same. */
const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  SmokeContest1795800000000: {
    why:
      'The counters that it replaces count for the release before as they did, and its rules and deletions are about ids ' +
      'that only a smoke journey has. With 500,000 tickets a play waited 0.2 s for it at most, on a busy machine.',
    statements: [
      'LOCK TABLE USERS , TICKETS',
      'ALTER TABLE TICKETS ADD CONSTRAINT TICKETS_SMOKE_CHECK',
      'ALTER TABLE USERS ADD CONSTRAINT USERS_SMOKE_CHECK',
      'DROP TRIGGER TICKETS_COUNT_CHANGE',
      'CREATE OR REPLACE FUNCTION COUNT_ADDED_TICKETS',
      'CREATE OR REPLACE FUNCTION COUNT_DELETED_TICKETS',
      ...['ADDED', 'CHANGED', 'DELETED'].map((verb) => `DROP TRIGGER USERS_COUNT_${verb}`),
      ...['COUNTER_CHANGES', 'COUNTER_TOTALS', 'COUNTER_SLOTS', 'PARTICIPANTS', 'PARTICIPANT_TOTALS'].map(
        (table) => `DELETE FROM ${table} WHERE`,
      ),
    ],
  },
};

const stampOf = (name: string): number => Number(/\d{13}$/.exec(name)?.[0]);

async function faultsIn(migration: new () => MigrationInterface): Promise<string[]> {
  return faultsOf(await recordUp(migration));
}

function faultsOfSql(sql: string | readonly string[], inTransaction = true): string[] {
  return faultsOf({ name: 'Sample', inTransaction, statements: typeof sql === 'string' ? [sql] : [...sql] });
}

describe('The migrations', () => {
  const judged = schema.migrations.filter(({ name }) => stampOf(name) >= FIRST);

  it('are judged from the first deployment on', () => {
    expect(judged.map(({ name }) => name)).toContain('Deployments1795700000000');
    expect(schema.migrations.length - judged.length).toBe(10);
  });

  it.each(judged.map((migration) => [migration.name, migration] as const))(
    '%s only expands, but for written exceptions',
    async (name, migration) => {
      const { statements = [] } = EXCEPTIONS[name] ?? {};
      const faults = await faultsIn(migration);
      const isExcused = (fault: string): boolean => statements.some((start) => fault.includes(`: ${start}`));
      expect(faults.filter((fault) => !isExcused(fault))).toEqual([]);
      // One that is not needed any more goes.
      expect(statements.filter((start) => !faults.some((fault) => fault.includes(`: ${start}`)))).toEqual([]);
    },
  );

  it('have exceptions that name them, each with a reason', () => {
    const names = judged.map(({ name }) => name);
    for (const [name, { why, statements }] of Object.entries(EXCEPTIONS)) {
      expect(names).toContain(name);
      expect(why.length).toBeGreaterThan(40);
      expect(statements.length).toBeGreaterThan(0);
    }
  });

  it('are judged in earnest: one that was applied before would be refused', async () => {
    const browsing = schema.migrations.find(({ name }) => name.startsWith('Browsing'));
    const faults = await faultsIn(browsing!);
    expect(faults).toContainEqual(expect.stringMatching(/^takes away .*: DROP INDEX USERS_LAST_ACTIVE_AT_IDX$/));
    expect(faults).toContainEqual(expect.stringMatching(/^nobody can write .*CREATE INDEX TICKETS_UNPLAYED_IDX/));
  });

  it('speak SQL, or are refused', async () => {
    class Builder1800000000001 implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.dropTable('users');
      }
      async down(): Promise<void> {
        // Never applied.
      }
    }
    await expect(faultsIn(Builder1800000000001)).rejects.toThrow('Builder1800000000001 uses runner.dropTable');
  });

  it('are recorded with what they ask for and how', async () => {
    class Apart1800000000002 implements MigrationInterface {
      readonly transaction = false;
      async up(runner: QueryRunner): Promise<void> {
        const rows = (await runner.query('SELECT 1')) as object[];
        for (const name of ['a', 'b']) await runner.query(`CREATE TABLE ${name}${rows.length} (id integer)`);
      }
      async down(): Promise<void> {
        // Never applied.
      }
    }
    expect(await recordUp(Apart1800000000002)).toEqual({
      name: 'Apart1800000000002',
      inTransaction: false,
      statements: ['SELECT 1', 'CREATE TABLE a0 (id integer)', 'CREATE TABLE b0 (id integer)'],
    });
  });
});

describe('What only expands', () => {
  it.each([
    ['a new table', 'CREATE TABLE cups (id uuid NOT NULL, CONSTRAINT cups_check CHECK (true), UNIQUE (id))'],
    ['an index on it', ['CREATE TABLE cups (id uuid)', 'CREATE UNIQUE INDEX cups_key ON public.cups (id)']],
    ['anything else with it', ['CREATE TABLE cups (id uuid)', 'ALTER TABLE ONLY cups ALTER COLUMN id SET NOT NULL']],
    ['a column that may be empty', 'ALTER TABLE users ADD COLUMN shoe_size integer'],
    ['a column with a default', `ALTER TABLE users ADD COLUMN IF NOT EXISTS a text NOT NULL DEFAULT 'x, NOT NULL'`],
    ['a rule for what comes', 'ALTER TABLE users ADD CONSTRAINT users_a_check CHECK (a > 0) NOT VALID'],
    ['a reference likewise', 'ALTER TABLE a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES b (id) NOT VALID'],
    ['proving it later', 'ALTER TABLE users VALIDATE CONSTRAINT users_a_check'],
    ['a rule less', 'ALTER TABLE users DROP CONSTRAINT users_role_check'],
    ['a rule for another', 'ALTER TABLE a DROP CONSTRAINT a_b_check, ADD CONSTRAINT a_b_check CHECK (b > 0) NOT VALID'],
    ['an empty column allowed', 'ALTER TABLE users ALTER COLUMN email DROP NOT NULL'],
    ['another default', `ALTER TABLE users ALTER language SET DEFAULT 'fr'`],
    ['a unique rule by an index that is there', 'ALTER TABLE a ADD CONSTRAINT a_key UNIQUE USING INDEX a_b_idx'],
    ['a function, whose body does what it does later', `CREATE FUNCTION f() RETURNS void AS $x$ DROP TABLE a; $x$`],
    ['rights on it', ['CREATE FUNCTION f() RETURNS void', 'REVOKE EXECUTE ON FUNCTION f FROM PUBLIC']],
    ['rows', `INSERT INTO users VALUES ('; DROP TABLE users')`],
    ['words', `COMMENT ON TABLE users IS 'it''s; DROP TABLE users'`],
    ['a value of a type', `ALTER TYPE mood ADD VALUE 'calm'`],
  ])('%s', (_, sql) => {
    expect(faultsOfSql(sql)).toEqual([]);
  });

  it('an index on a table that is there, apart from a transaction, and anew after a try that failed', () => {
    const sql = ['DROP INDEX CONCURRENTLY IF EXISTS a_b_idx', 'CREATE INDEX CONCURRENTLY a_b_idx ON a (b)'];
    expect(faultsOfSql(sql, false)).toEqual([]);
    expect(faultsOfSql(sql)).toEqual([
      expect.stringMatching(/^CONCURRENTLY needs/),
      expect.stringMatching(/^CONCURRENTLY needs/),
    ]);
    expect(faultsOfSql('DROP INDEX CONCURRENTLY IF EXISTS a_b_idx', false)).toHaveLength(1);
    expect(faultsOfSql('CREATE INDEX CONCURRENTLY IF NOT EXISTS a_b_idx ON a (b)', false)).toHaveLength(1);
  });
});

describe('What does not only expand', () => {
  it.each([
    'DROP TABLE users',
    'DROP VIEW v',
    'drop function f',
    'DROP INDEX users_idx',
    'TRUNCATE users',
    'DELETE FROM users',
    'UPDATE users SET a = 1',
    'LOCK TABLE users',
    'ALTER TABLE users DROP COLUMN email',
    'ALTER TABLE users DROP email',
    'ALTER TABLE IF EXISTS ONLY public."users" DROP COLUMN "email"',
    'ALTER TABLE users ADD COLUMN a text, DROP COLUMN email',
    'ALTER TABLE users RENAME TO people',
    'ALTER TABLE users RENAME COLUMN email TO mail',
    'ALTER TABLE users RENAME CONSTRAINT a TO b',
    'ALTER INDEX a RENAME TO b',
    'ALTER TYPE mood RENAME VALUE $$a$$ TO $$b$$',
    'ALTER TABLE users ALTER COLUMN email TYPE varchar(20)',
    'ALTER TABLE users ALTER email SET DATA TYPE varchar',
    'ALTER TABLE users ALTER COLUMN email SET NOT NULL',
    'ALTER TABLE users ALTER COLUMN email DROP DEFAULT',
    'ALTER TABLE users ADD COLUMN a text NOT NULL',
    'ALTER TABLE users ADD a text NOT NULL',
    'ALTER TABLE users ADD COLUMN a text NOT NULL /* DEFAULT */ -- DEFAULT 1',
    'ALTER TABLE users ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid()',
    'ALTER TABLE users ADD COLUMN a bigserial',
    'ALTER TABLE users ADD COLUMN a integer GENERATED ALWAYS AS (b + 1) STORED',
    'ALTER TABLE users ADD COLUMN a integer CHECK (a > 0)',
    'ALTER TABLE users ADD COLUMN a uuid REFERENCES b (id)',
    'ALTER TABLE users ADD COLUMN a integer UNIQUE',
    'ALTER TABLE users ADD CONSTRAINT a_check CHECK (a > 0)',
    'ALTER TABLE users ADD CHECK (a > 0)',
    'ALTER TABLE users ADD CONSTRAINT a_fkey FOREIGN KEY (a) REFERENCES b (id)',
    'ALTER TABLE users ADD CONSTRAINT a_key UNIQUE (a)',
    'ALTER TABLE users ADD PRIMARY KEY (a)',
    'ALTER TABLE users DROP CONSTRAINT users_email_key',
    'ALTER TABLE users DISABLE TRIGGER ALL',
    'CREATE INDEX a_idx ON users (a)',
    'CREATE UNIQUE INDEX a_idx ON ONLY users (a)',
    'CREATE TABLE IF NOT EXISTS users (id uuid)',
    'CREATE OR REPLACE FUNCTION f() RETURNS void',
    'REVOKE SELECT ON users FROM tiptop_service',
    'REVOKE EXECUTE ON FUNCTION f FROM PUBLIC',
    `SET lock_timeout = '1h'`,
    `DO $$ BEGIN EXECUTE 'DROP TABLE users'; END $$`,
    'WITH gone AS (DELETE FROM users RETURNING 1) SELECT 1',
    'SELECT 1; DROP TABLE users',
    'CREATE TABLE other.users (id uuid); CREATE INDEX a_idx ON users (a)',
  ])('%s', (sql) => {
    expect(faultsOfSql(sql)).toHaveLength(1);
  });
});

describe('Statements', () => {
  it('are cut where they end, and nowhere else', () => {
    const sql = `
      -- it's; a comment
      INSERT INTO a VALUES ('it''s; --', E'it\\'s;', $$;'$$, $x$ $$; $x$, "na;me", U&'\\0041;'); /* ; /* ; */ ' */
      SELECT 1;;`;
    expect(statementsOf(sql).map((tokens) => tokens.join(' '))).toEqual([
      `INSERT INTO A VALUES ( '' , '' , '' , '' , "na;me" , '' )`,
      'SELECT 1',
    ]);
  });

  it('that have no end are told of', () => {
    expect(() => statementsOf('SELECT $x$ 1')).toThrow('has no end');
    expect(() => statementsOf('SELECT /* 1')).toThrow('has no end');
  });
});
