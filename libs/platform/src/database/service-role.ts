import type { EntityManager } from 'typeorm';
import type { KeptTables } from './kept-tables';
import { type Due, dueRights, grantRights } from './service-rights';
import { ServiceRoleError } from './service-role-error';

/** Most faults that are told one by one. */
const TOLD = 5;

interface RoleRow {
  quoted: string;
  canLogin: boolean;
  /** Whether it could give itself any right. */
  isMighty: boolean;
  migrates: boolean;
}

interface OwnerRow {
  quoted: string;
  isOurs: boolean;
}

interface Fault {
  /** The role itself, or one that it may act as. */
  as: string;
  isItself: boolean;
  object: string;
  privilege: string;
  isDue: boolean;
}

/** PostgreSQL would run programs and write files for whoever may act as one of them. */
const OUTSIDE = `ARRAY['pg_write_server_files', 'pg_execute_server_program']`;

/** Where a role, or one that it may act as, has what is not due, and where it lacks what is. */
const FAULTS = `
  WITH due AS (
    SELECT kind, name, privileges, columns
    FROM jsonb_to_recordset($2) AS d (kind text, name text, privileges text[], columns text[])
  ), roles AS (
    SELECT oid, rolname, rolname = $1 AS "isItself" FROM pg_roles WHERE pg_has_role($1, oid, 'MEMBER')
  ), found AS (
    SELECT r.rolname, "isItself", name, privilege, privilege = ANY (privileges) AS is_due,
      CASE kind
        WHEN 'database' THEN has_database_privilege(r.oid, current_database(), privilege)
        WHEN 'schema' THEN has_schema_privilege(r.oid, to_regnamespace(name), privilege)
        WHEN 'sequence' THEN has_sequence_privilege(r.oid, to_regclass(name), privilege)
        WHEN 'function' THEN has_function_privilege(r.oid, to_regprocedure(name), privilege)
        ELSE has_table_privilege(r.oid, to_regclass(name), privilege) END AS has
    FROM due CROSS JOIN roles r CROSS JOIN unnest(CASE kind
      WHEN 'database' THEN ARRAY['CONNECT', 'TEMPORARY', 'CREATE']
      WHEN 'schema' THEN ARRAY['USAGE', 'CREATE']
      WHEN 'sequence' THEN ARRAY['USAGE', 'UPDATE']
      WHEN 'function' THEN ARRAY['EXECUTE']
      ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] END) privilege
    UNION ALL
    SELECT r.rolname, "isItself", name, format('UPDATE (%I)', attname), attname = ANY (columns),
      has_column_privilege(r.oid, attrelid, attnum, 'UPDATE')
    FROM due JOIN pg_attribute ON attrelid = to_regclass(name) AND attnum > 0 AND NOT attisdropped CROSS JOIN roles r
    WHERE kind = 'table' AND NOT 'UPDATE' = ANY (privileges)
    UNION ALL
    SELECT rolname, "isItself", 'the server''s machine', 'work', false, rolname = ANY (${OUTSIDE}) FROM roles
  )
  SELECT rolname AS "as", "isItself", name AS object, privilege, is_due AS "isDue" FROM found
  WHERE CASE WHEN is_due THEN "isItself" AND NOT has ELSE has END
  ORDER BY "isDue", "isItself", rolname, name, privilege`;

/**
 * What can be told before anything is migrated.
 * @throws ServiceRoleError
 */
export async function assertServiceRole(manager: EntityManager, role: string): Promise<void> {
  await fitRole(manager, role);
  await ownerOfSchema(manager);
}

/**
 * Gives the role that the service signs in as what the service needs, and nothing else.
 * @throws ServiceRoleError where there is no such role, or where it could do more than that by any other way
 */
export async function grantServiceRole(manager: EntityManager, role: string, kept: KeptTables): Promise<void> {
  const { quoted } = await fitRole(manager, role);
  const owner = await ownerOfSchema(manager);
  if (owner === undefined) throw new ServiceRoleError('there are no tables to grant anything on.');
  const due = await dueRights(manager, owner, kept);
  await grantRights(manager, quoted, owner, due);
  await assertExact(manager, role, due);
}

async function fitRole(manager: EntityManager, name: string): Promise<RoleRow> {
  const [role] = await manager.query<RoleRow[]>(
    `SELECT quote_ident(rolname) AS quoted, rolcanlogin AS "canLogin", rolsuper OR rolcreaterole AS "isMighty",
       rolname = current_user AS migrates
     FROM pg_roles WHERE rolname = $1`,
    [name],
  );
  if (!role) throw new ServiceRoleError(`there is no role ${name}; CREATE ROLE makes one.`);
  if (role.migrates) throw new ServiceRoleError(`${name} is the role that migrates; the service needs another one.`);
  if (!role.canLogin) throw new ServiceRoleError(`${name} may not sign in; ALTER ROLE … LOGIN lets it.`);
  if (role.isMighty) throw new ServiceRoleError(`${name} is a superuser or makes roles: no right would bind it.`);
  return role;
}

/** @returns quoted; undefined where nothing was ever migrated */
async function ownerOfSchema(manager: EntityManager): Promise<string | undefined> {
  const [owner] = await manager.query<OwnerRow[]>(
    `SELECT quote_ident(pg_get_userbyid(relowner)) AS quoted, pg_has_role(relowner, 'USAGE') AS "isOurs"
     FROM pg_class WHERE oid = to_regclass('public.migrations')`,
  );
  if (owner?.isOurs === false) throw new ServiceRoleError(`only ${owner.quoted}, who owns the tables, can grant.`);
  return owner?.quoted;
}

async function assertExact(manager: EntityManager, role: string, due: readonly Due[]): Promise<void> {
  const faults = await manager.query<Fault[]>(FAULTS, [role, JSON.stringify(due)]);
  if (faults.length === 0) return;
  const told = faults.slice(0, TOLD).map(({ as, isItself, object, privilege, isDue }) => {
    const through = isItself ? '' : `, acting as ${as}`;
    return `${role} ${isDue ? 'still lacks' : 'could still'} ${privilege} on ${object}${through}`;
  });
  const more = faults.length > TOLD ? `; and ${(faults.length - TOLD).toString()} more` : '';
  throw new ServiceRoleError(`nothing was granted: ${told.join('; ')}${more}.`);
}
