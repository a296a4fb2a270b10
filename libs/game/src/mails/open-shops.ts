import type { Pool } from 'pg';

/** More shops than this are not listed in a letter. */
const LISTED_SHOPS = 10;

/** The shops where prizes are handed over, or nothing where they are too many to be listed. */
export async function openShops(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ shop: string }>({
    name: 'open-shops',
    text: `SELECT name || ' (' || city || ')' AS shop FROM stores WHERE is_active ORDER BY city, name LIMIT $1`,
    values: [LISTED_SHOPS + 1],
  });
  return rows.length > LISTED_SHOPS ? '' : rows.map(({ shop }) => shop).join(' ; ');
}
