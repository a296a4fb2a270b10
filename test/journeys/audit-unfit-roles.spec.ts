import { Migrator } from '@tiptop/platform';
import { escapeIdentifier } from 'pg';
import { schema } from '../../migrations/data-source';
import { onServer } from '../support/database';
import { Hand } from '../support/hand';
import { type TwoRoles, twoRoles } from '../support/two-roles';

describe('A role that is unfit for the service', () => {
  let roles: TwoRoles;
  let role: string;

  beforeAll(async () => {
    roles = await twoRoles();
    role = escapeIdentifier(roles.service);
    await roles.migrator.up();
  });
  afterAll(async () => {
    await roles.drop();
  });

  /** In the database itself, as a superuser. */
  async function prepare(...statements: string[]): Promise<void> {
    const superuser = await Hand.of(roles.superuserUrl);
    for (const sql of statements) await superuser.rows(sql);
    await superuser.end();
  }

  async function refusal(name = roles.service, migrator = roles.migrator): Promise<string> {
    const outcome = await migrator.up({ serviceRole: name }).catch((error: unknown) => (error as Error).message);
    const superuser = await Hand.of(roles.superuserUrl);
    const grants = await superuser.rows(`SELECT FROM information_schema.role_table_grants WHERE grantee = $1`, [
      roles.service,
    ]);
    await superuser.end();
    expect(grants).toEqual([]);
    return String(outcome);
  }

  it('is told before anything is migrated, where that can be known', async () => {
    const another = await twoRoles();
    try {
      await expect(another.migrator.up({ serviceRole: 'nobody' })).rejects.toThrow('there is no role nobody');
      expect(await another.migrator.pending()).toHaveLength(schema.migrations.length);
    } finally {
      await another.drop();
    }
  });

  it('is one that is not there', async () => {
    expect(await refusal('nobody')).toBe('DATABASE_SERVICE_ROLE: there is no role nobody; CREATE ROLE makes one.');
  });

  it('is the one that migrates', async () => {
    expect(await refusal(roles.owner)).toMatch(/is the role that migrates; the service needs another one\.$/);
  });

  it.each([
    ['may not sign in', 'NOLOGIN', 'LOGIN'],
    ['is a superuser or makes roles', 'SUPERUSER', 'NOSUPERUSER'],
    ['is a superuser or makes roles', 'CREATEROLE', 'NOCREATEROLE'],
  ])('is one that %s: %s', async (why, attribute, opposite) => {
    await prepare(`ALTER ROLE ${role} ${attribute}`);
    expect(await refusal()).toContain(why);
    await prepare(`ALTER ROLE ${role} ${opposite}`);
  });

  it.each([
    ['acting as the owner', 'owner', ''],
    ['acting as the owner only when it says so', 'owner', 'NOINHERIT'],
    ['writing wherever it likes', 'pg_write_all_data', ''],
    ['running programs on the server', 'pg_execute_server_program', 'NOINHERIT'],
  ])('is one that could do more by %s', async (_, group, attribute) => {
    const of = group === 'owner' ? roles.owner : group;
    await prepare(`ALTER ROLE ${role} ${attribute || 'INHERIT'}`, `GRANT ${of} TO ${role}`);
    expect(await refusal()).toMatch(
      new RegExp(`^DATABASE_SERVICE_ROLE: nothing was granted: ${roles.service} could still .* acting as ${of}`),
    );
    await prepare(`REVOKE ${of} FROM ${role}`, `ALTER ROLE ${role} INHERIT`);
  });

  it.each([
    ['alter consents as everybody may', 'DELETE ON public.consents', 'DELETE ON consents', 'TO PUBLIC'],
    ['exchange addresses', 'UPDATE (at) on public.claim_events', 'UPDATE (at) ON claim_events', 'TO PUBLIC'],
    ['make tables', 'CREATE on public', 'CREATE ON SCHEMA public', 'TO PUBLIC'],
    ['make schemas', 'CREATE on test_', `CREATE ON DATABASE`, 'TO PUBLIC'],
  ])('is one that could %s', async (_, told, right, to) => {
    const what = right.endsWith('DATABASE') ? `${right} ${roles.database}` : right;
    await prepare(`GRANT ${what} ${to}`);
    expect((await refusal()).toLowerCase()).toContain(told.toLowerCase());
    await prepare(`REVOKE ${what} ${to.replace('TO', 'FROM')}`);
  });

  it('is any where not all of the tables belong to one owner', async () => {
    await prepare('ALTER TABLE consents OWNER TO CURRENT_USER');
    expect(await refusal()).toContain(`the table consents does not belong to ${roles.owner}, as the other tables do.`);
    await prepare(`ALTER TABLE consents OWNER TO ${roles.owner}`);
  });

  it('is told what is missing where the owner can’t give it', async () => {
    await onServer(`ALTER DATABASE ${roles.database} OWNER TO CURRENT_USER`);
    await onServer(`REVOKE ALL ON DATABASE ${roles.database} FROM PUBLIC`);
    await onServer(`GRANT CONNECT, TEMPORARY, CREATE ON DATABASE ${roles.database} TO ${roles.owner}`);
    expect(await refusal()).toBe(
      `DATABASE_SERVICE_ROLE: nothing was granted: ${roles.service} still lacks CONNECT on ${roles.database}; ` +
        `${roles.service} still lacks TEMPORARY on ${roles.database}.`,
    );
    await onServer(`GRANT CONNECT, TEMPORARY ON DATABASE ${roles.database} TO ${role}`);
    expect(await roles.migrator.up({ serviceRole: roles.service })).toEqual([]);
    // As the service there is nothing to be granted to anybody.
    const service = new Migrator(roles.serviceUrl, schema);
    await expect(service.up({ serviceRole: roles.owner })).rejects.toThrow(
      `only ${roles.owner}, who owns the tables, can grant`,
    );
  });
});
