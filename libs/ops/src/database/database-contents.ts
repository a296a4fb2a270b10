import type { DatabaseSession } from './database-session';

/** Of a database, what a dump must hold. */
export interface Contents {
  /** Tables with rows of their own, as `schema.table`, quoted where SQL wants it; in a stable order. */
  tables: readonly string[];
  /** Name of the newest migration; null where there is none. */
  migration: string | null;
}

/**
 * What pg_dump dumps the rows of: ordinary tables and partitions, in every schema but the system's. Tables of extensions
 * are made by the extension, and temporary ones belong to a session.
 */
const TABLES = `
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;

export async function contentsOf(session: DatabaseSession): Promise<Contents> {
  const tables = await session.query<{ name: string }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name ${TABLES} ORDER BY 1`,
  );
  const [found] = await session.query<{ found: boolean }>(`SELECT to_regclass('migrations') IS NOT NULL AS found`);
  const [newest] = found?.found
    ? await session.query<{ name: string }>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1')
    : [];
  return { tables: tables.map(({ name }) => name), migration: newest?.name ?? null };
}

/** Rows of each table, in the session's snapshot; @param tables from {@link contentsOf}, which quotes them */
export async function countRows(session: DatabaseSession, tables: readonly string[]): Promise<Record<string, number>> {
  // One processor at most: players want the others.
  await session.query('SET max_parallel_workers_per_gather = 0');
  const rows: Record<string, number> = {};
  for (const table of tables) {
    // ONLY: what inherits from a table is counted by itself.
    const [counted] = await session.longQuery<{ n: string }>(`SELECT count(*) AS n FROM ONLY ${table}`);
    rows[table] = Number(counted?.n);
  }
  return rows;
}

/** Bytes of all that is dumped, without indexes: a dump is not larger, but for what can't be compressed. */
export async function sizeOf(session: DatabaseSession): Promise<number> {
  const [size] = await session.query<{ bytes: string }>(
    `SELECT coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0) + pg_catalog.pg_total_relation_size('pg_catalog.pg_largeobject')
       AS bytes ${TABLES}`,
  );
  return Number(size?.bytes);
}
