import type { TestApp } from './test-app';

/** One row of each kind that an account may have to sign in by and that takes a provider or a letter to come about. */
export async function addSignInData({ database }: TestApp, userId: string): Promise<void> {
  await database.query(
    `WITH i AS (INSERT INTO identities VALUES ('google', 'subject-' || $1::text, $1::uuid, now(), now())),
       f AS (INSERT INTO second_factors VALUES ($1::uuid, 'sealed', now(), now(), NULL)),
       r AS (INSERT INTO recovery_codes VALUES ($1::uuid, sha256('one'), NULL), ($1::uuid, sha256('two'), now()))
     INSERT INTO mail_tokens VALUES (sha256(uuid_send($1::uuid)), $1::uuid, 'reset-password', now(), now(), NULL)`,
    [userId],
  );
}
