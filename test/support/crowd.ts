import type { Contest } from '@tiptop/game';
import type { TestApp } from './test-app';

/** An account of the crowd, as a search knows it. */
export interface Person {
  id: string;
  text: string;
  created_at: Date;
  last_active_at: Date;
  name_key: string;
}

/**
 * Puts many accounts into the database, so that a search may mean few of many; past the triggers, since their number is
 * all that counts. Of the first names Aline is most people's, Bruno a tenth's and Chantal few people's.
 * @param from their numbers, which stand in their e-mails and in which they registered
 */
export async function addCrowd(
  { database }: TestApp,
  from: number,
  to: number,
  firstNames = FIRST_NAMES,
): Promise<void> {
  const runner = database.createQueryRunner();
  try {
    await runner.query('SET session_replication_role = replica');
    await runner.query(
      `INSERT INTO users (email, email_key, first_name, last_name, birth_date, search_text, last_active_at, created_at,
         updated_at)
       SELECT email, email, first, last, '1990-05-17', lower(first || ' ' || last || ' ' || email),
         timestamptz '2026-02-01T00:00:00Z' + (n * 7919 % 1000) * interval '1 minute',
         timestamptz '2026-01-01T00:00:00Z' + n / 3 * interval '1 second', now()
       FROM (SELECT n, ${firstNames} AS first, 'Nom' || n * 31 % 977 AS last, 'c' || n || '@foule.example' AS email
             FROM generate_series($1::int, $2::int) n) named`,
      [from, to],
    );
    await runner.query('RESET session_replication_role');
  } finally {
    await runner.release();
  }
}

const FIRST_NAMES = `CASE WHEN n % 10 < 6 THEN 'Aline' WHEN n % 10 = 6 THEN 'Bruno' WHEN n % 25 = 7 THEN 'Chantal'
  WHEN n % 100 = 8 THEN 'Jean-Xu' WHEN n % 200 = 9 THEN 'Delphine' ELSE 'Eva' END`;

/** Everybody who is not erased. */
export async function everybody({ database }: TestApp): Promise<Person[]> {
  return database.query<Person[]>(
    `SELECT id, search_text AS text, created_at, last_active_at, user_name_key(first_name, last_name) AS name_key
     FROM users WHERE erased_at IS NULL`,
  );
}

/**
 * Plays tickets of a contest for the crowd, a second after another, past the triggers.
 * @param players ids, in the order of their plays
 */
export async function playForCrowd({ database }: TestApp, contest: Contest, players: readonly string[]): Promise<void> {
  const runner = database.createQueryRunner();
  try {
    await runner.query('SET session_replication_role = replica');
    await runner.query(
      `UPDATE tickets t SET player_id = p.id, status = 'pending', deck_position = 100000 + p.n,
         prize_id = (SELECT id FROM prizes WHERE contest_id = $1 AND ordinal = p.n % 3),
         played_at = timestamptz '2026-03-01T00:00:00Z' + p.n * interval '1 second'
       FROM unnest($2::uuid[]) WITH ORDINALITY p (id, n)
         JOIN (SELECT code, row_number() OVER (ORDER BY md5(code)) AS n FROM tickets
               WHERE contest_id = $1 AND player_id IS NULL) free USING (n)
       WHERE t.code = free.code`,
      [contest.id, players],
    );
    await runner.query('RESET session_replication_role');
  } finally {
    await runner.release();
  }
}
