import { PASSWORD, type SessionBody } from './builders';
import type { TestApp } from './test-app';

/** Signs an account in anew: an access token lives a quarter of an hour of the service's clock. */
export async function signInAgain({ client }: TestApp, { user }: Pick<SessionBody, 'user'>): Promise<SessionBody> {
  const { status, body } = await client.post<SessionBody>('/v1/auth/login', { email: user.email, password: PASSWORD });
  if (status !== 200) throw new Error(`The sign-in was refused: ${JSON.stringify(body)}`);
  return body;
}

/** Moves the service's clock to an instant and some milliseconds, and signs the accounts in again. */
export async function moveTo(
  test: TestApp,
  instant: Date,
  offsetMs: number,
  ...accounts: Pick<SessionBody, 'user'>[]
): Promise<SessionBody[]> {
  // Sign in first, a minute before: the time it takes must not carry the clock over a border.
  test.clock.moveTo(new Date(instant.getTime() + offsetMs - 60_000));
  const sessions = await Promise.all(accounts.map((account) => signInAgain(test, account)));
  test.clock.moveTo(new Date(instant.getTime() + offsetMs));
  return sessions;
}
