import type { Player } from '../support/players';

/** An answer's body, and how long it took. */
export interface Timed<T> {
  ms: number;
  body: T;
}

/** @throws Error where the answer is not a 200 */
export async function ask<T>(url: string, path: string, { token }: Player): Promise<Timed<T>> {
  const started = performance.now();
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  const ms = performance.now() - started;
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return { ms, body: JSON.parse(text) as T };
}
