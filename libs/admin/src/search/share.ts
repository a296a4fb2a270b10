/** How many accounts are looked at to tell how many meet a search; the first of them only, where none of those does. */
const SAMPLE = 1200;
const FIRST_OF_SAMPLE = 300;
/** What an account takes in the table, about. */
const ACCOUNT_BYTES = 256;
/** Further than this nobody walks through a list. */
export const MOST_ROWS = 25_000;
/** Of a row that nobody wants to walk past: then nothing is too common to be looked up. */
export const EVERY_COST = 1e12;

/** How many of some accounts meet a search. */
export interface Share {
  looked: number;
  met: number;
  /** How many accounts there are, about. */
  accounts: number;
  /** Whether all who meet the search are sooner looked up by an index than a page of them found by walking. */
  rare: boolean;
}

/**
 * SQL of a share: how many accounts of a sample meet a search. Always the same ones, which is quick, and chosen by
 * chance, as ids are.
 * @param person true of an account `u` that meets it
 * @param wanted how many are wanted for a page
 * @param rowCost what a row costs to look at that one walks past, in accounts that are looked up by the index
 */
export function sampleSql(person: string, wanted: number, rowCost: number): string {
  const sample = (size: number, condition: string): string => `
    SELECT count(*)::int AS looked, (count(*) FILTER (WHERE ${person}))::int AS met
    FROM (SELECT u.search_text FROM users u WHERE u.erased_at IS NULL ${condition} ORDER BY u.id LIMIT ${size}) u`;
  // Looking all of them up costs more the more there are, and walking to a page of them less.
  return `
    WITH first AS MATERIALIZED (${sample(FIRST_OF_SAMPLE, '')}),
      told AS (
        SELECT looked, met FROM first WHERE met = 0
        UNION ALL ${sample(SAMPLE, 'AND (SELECT met FROM first) > 0')} HAVING count(*) > 0)
    SELECT looked, met, accounts, (met / greatest(looked, 1)::float8) ^ 2 * accounts < ${wanted * rowCost} AS rare
    FROM told, LATERAL (SELECT greatest(looked, pg_relation_size('users') / ${ACCOUNT_BYTES})::int AS accounts) size`;
}

/** How many people meet a search, about. */
export function peopleOf({ looked, met, accounts }: Share): number {
  return (met / Math.max(looked, 1)) * accounts;
}
