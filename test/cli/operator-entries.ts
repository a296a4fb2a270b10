import type { Client } from 'pg';

/** What the audit log holds of operators’ doings, the oldest first: of one contest where its name is given. */
export async function operatorEntries(client: Client, slug?: string): Promise<[action: string, details: object][]> {
  const { rows } = await client.query<{ action: string; details: object }>(
    `SELECT action, details FROM audit_entries
     WHERE actor_role = 'operator' AND ($1::text IS NULL
       OR (subject_type = 'contest' AND subject_id = (SELECT id::text FROM contests WHERE slug = $1)))
     ORDER BY id`,
    [slug ?? null],
  );
  return rows.map(({ action, details }) => [action, details]);
}
