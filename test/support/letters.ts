import { type ComposedMail, MailKinds, type MailOrder } from '@tiptop/platform';
import type { TestApp } from './test-app';

/** The orders of letters that wait in the queue, the oldest first. */
export async function waitingLetters({ database }: TestApp, userId: string | null, kind: string): Promise<MailOrder[]> {
  return database.query<MailOrder[]>(
    `SELECT id, kind, user_id AS "userId", data, created_at AS "createdAt"
     FROM letters WHERE user_id IS NOT DISTINCT FROM $1 AND kind = $2 ORDER BY created_at`,
    [userId, kind],
  );
}

/** The newest letter of a kind to a person, written as it would be if it left now. */
export async function newestLetter(test: TestApp, userId: string, kind: string): Promise<ComposedMail | undefined> {
  const order = (await waitingLetters(test, userId, kind)).at(-1);
  if (!order) throw new Error(`No letter ${kind} waits`);
  return composed(test, order);
}

/** A letter as it would be if it left now; undefined where there is nothing left to tell. */
export async function composed({ app }: TestApp, order: MailOrder): Promise<ComposedMail | undefined> {
  const write = app.get(MailKinds).find(order.kind);
  if (!write) throw new Error(`Nobody writes letters of the kind ${order.kind}`);
  return write(order);
}

/** The token in a letter's link. */
export async function tokenInLetter(test: TestApp, userId: string, kind: string): Promise<string> {
  const letter = await newestLetter(test, userId, kind);
  const token = /#token=([\w-]{43})$/.exec(letter?.variables['link'] ?? '')?.[1];
  if (token === undefined) throw new Error(`No token stands in the letter ${kind}`);
  return token;
}
