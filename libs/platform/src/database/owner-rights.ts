import { escapeIdentifier } from 'pg';
import type { EntityManager } from 'typeorm';
import type { KeptTables } from './kept-tables';

const TAKEN = ['UPDATE', 'DELETE', 'TRUNCATE'];

/** Tables whose owner has a right on them that it should have given up. */
const UNBOUND = `
  SELECT c.relname AS name, quote_ident(pg_get_userbyid(c.relowner)) AS owner FROM pg_class c
  WHERE c.relnamespace = to_regnamespace('public') AND c.relname = ANY ($1)
    AND EXISTS (SELECT FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
      WHERE a.grantee = c.relowner AND a.privilege_type = ANY ($2))
  ORDER BY c.relname`;

/**
 * Takes the right to alter and remove rows from the owner of tables that bind their owner. The migration that makes such
 * a table does so, too; a restore without privileges brings the right back, and the next migration ends it.
 */
export async function bindOwners(manager: EntityManager, kept: KeptTables): Promise<void> {
  const names = Object.keys(kept).filter((name) => kept[name]?.bindsOwner);
  const unbound = await manager.query<{ name: string; owner: string }[]>(UNBOUND, [names, TAKEN]);
  for (const { name, owner } of unbound) {
    const table = `public.${escapeIdentifier(name)}`;
    await manager.query(`REVOKE ${TAKEN.join(', ')} ON ${table} FROM ${owner}`);
    // Without one a foreign key could not lock the row that it refers to, which its owner does for everybody.
    const columns = kept[name]?.changeable?.map(escapeIdentifier) ?? [];
    if (columns.length > 0) await manager.query(`GRANT UPDATE (${columns.join(', ')}) ON ${table} TO ${owner}`);
  }
}
