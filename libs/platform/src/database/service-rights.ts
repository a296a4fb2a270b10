import { escapeIdentifier } from 'pg';
import type { EntityManager } from 'typeorm';
import { MAIL_QUEUE_SCHEMA } from '../mail/mail-queue-schema';
import type { KeptTables } from './kept-tables';
import { ServiceRoleError } from './service-role-error';

const SCHEMAS = ['public', MAIL_QUEUE_SCHEMA];
const ORDINARY = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Something in the database, and all that the service is to do with it. */
export interface Due {
  kind: 'database' | 'schema' | 'table' | 'view' | 'sequence' | 'function';
  /** Quoted, with its schema; a function with the types of its arguments. */
  name: string;
  privileges: readonly string[];
  /** Columns of a table that may be changed, where it may not be as a whole. */
  columns: readonly string[];
}

interface ObjectRow extends Pick<Due, 'kind' | 'name'> {
  /** Of a relation in `public`, without quotes. */
  publicName: string | null;
}

/**
 * The database, its schemas, and what in them belongs to $2. A sequence of a column is used by whoever may insert; a
 * function of a trigger is called by nobody. What an extension brought is the extension's.
 */
const OBJECTS = `
  SELECT kind, name, "publicName" FROM (
    SELECT 'database' AS kind, quote_ident(datname) AS name, NULL AS "publicName", oid, 'pg_database'::regclass AS class
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'schema', quote_ident(nspname), NULL, oid, 'pg_namespace'::regclass
    FROM pg_namespace WHERE nspname = ANY ($1)
    UNION ALL
    SELECT CASE WHEN relkind IN ('r', 'p') THEN 'table' WHEN relkind = 'S' THEN 'sequence' ELSE 'view' END,
      format('%I.%I', nspname, relname), CASE nspname WHEN 'public' THEN relname END, c.oid, 'pg_class'::regclass
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = ANY ($1) AND relkind IN ('r', 'p', 'v', 'm', 'S') AND relowner = $2::regrole
      AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, NULL, p.oid, 'pg_proc'::regclass
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
    WHERE nspname = ANY ($1) AND prokind = 'f' AND prorettype <> 'trigger'::regtype AND proowner = $2::regrole) found
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = found.oid AND d.classid = class AND d.deptype = 'e')
  ORDER BY kind, name`;

/**
 * What the service needs of everything there is.
 * @param owner to whom the schema belongs, quoted
 */
export async function dueRights(manager: EntityManager, owner: string, kept: KeptTables): Promise<Due[]> {
  const objects = await manager.query<ObjectRow[]>(OBJECTS, [SCHEMAS, owner]);
  for (const name of Object.keys(kept)) {
    if (objects.some(({ publicName }) => publicName === name)) continue;
    throw new ServiceRoleError(`the table ${name} does not belong to ${owner}, as the other tables do.`);
  }
  return objects.map((row) => ({ kind: row.kind, name: row.name, ...privilegesOf(row, kept) }));
}

/**
 * Gives a role all of that and takes everything else away from it, in the caller's transaction.
 * @param role quoted
 */
export async function grantRights(
  manager: EntityManager,
  role: string,
  owner: string,
  due: readonly Due[],
): Promise<void> {
  for (const { kind, name, privileges, columns } of due) {
    const object = `${kind === 'view' ? 'TABLE' : kind.toUpperCase()} ${name}`;
    const changes = columns.length === 0 ? [] : [`UPDATE (${columns.map(escapeIdentifier).join(', ')})`];
    await manager.query(`REVOKE ALL ON ${object} FROM ${role}`);
    await manager.query(`GRANT ${[...privileges, ...changes].join(', ')} ON ${object} TO ${role}`);
  }
  // Of decks that are still to come: a function of the owner's makes their sequences.
  await manager.query(
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${role}`,
  );
}

function privilegesOf({ kind, publicName }: ObjectRow, kept: KeptTables): Pick<Due, 'privileges' | 'columns'> {
  const table = publicName === null ? undefined : kept[publicName];
  if (table) return { privileges: table.service, columns: table.changeable ?? [] };
  const privileges = {
    // An import keeps the lines of its file in a table of the session's own.
    database: ['CONNECT', 'TEMPORARY'],
    schema: ['USAGE'],
    table: ORDINARY,
    view: ['SELECT'],
    sequence: ['USAGE'],
    function: ['EXECUTE'],
  };
  return { privileges: privileges[kind], columns: [] };
}
