import { PASSWORD } from './builders';
import type { TestApp } from './test-app';

/**
 * What must never stand in a log line of level INFO or above and stands there all the same: codes of tickets, e-mail
 * addresses, passwords, and whatever else is given (tokens, codes as typed). The lines are those of every replica given.
 */
export async function secretsInLog(tests: readonly TestApp[], others: readonly string[] = []): Promise<string[]> {
  const [first] = tests;
  if (!first) return [];
  const codes = await first.database.query<{ text: string }[]>('SELECT code AS text FROM tickets');
  const emails = await first.database.query<{ text: string }[]>('SELECT email AS text FROM users');
  const lines = tests.flatMap((test) => test.logLines()).map((line) => JSON.stringify(line).toLowerCase());
  if (lines.length === 0) throw new Error('Nothing was logged: there is nothing to scan');
  const secrets = [...codes, ...emails].map(({ text }) => text).concat(PASSWORD, others);
  const text = lines.join('\n');
  return secrets.filter((secret) => secret !== '' && text.includes(secret.toLowerCase()));
}
