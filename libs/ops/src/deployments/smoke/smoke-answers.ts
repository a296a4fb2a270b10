import { UnexpectedAnswer } from './service-client';

type Fields = Readonly<Record<string, unknown>>;

/** The object that an answer is, or that stands in a field of it. @throws UnexpectedAnswer */
export function objectIn(value: unknown, ...path: readonly string[]): Fields {
  let current: unknown = value;
  for (const name of path) current = isFields(current) ? current[name] : undefined;
  if (isFields(current)) return current;
  throw new UnexpectedAnswer(`the answer lacks ${path.join('.') || 'an object'}`);
}

/** @throws UnexpectedAnswer where there is no text, or an empty one */
export function textIn(value: unknown, ...path: readonly string[]): string {
  const text = objectIn(value, ...path.slice(0, -1))[path.at(-1) ?? ''];
  if (typeof text === 'string' && text !== '') return text;
  throw new UnexpectedAnswer(`the answer lacks ${path.join('.')}`);
}

/** @throws UnexpectedAnswer where it is not a moment in ISO 8601 */
export function momentIn(value: unknown, ...path: readonly string[]): string {
  const text = textIn(value, ...path);
  if (!Number.isNaN(Date.parse(text))) return text;
  throw new UnexpectedAnswer(`${path.join('.')} is not a moment`);
}

/** The one item of a list that is of a ticket. @throws UnexpectedAnswer where it is not in it exactly once */
export function ticketIn(value: unknown, code: string, list: string): Fields {
  const { items } = objectIn(value);
  const found = Array.isArray(items) ? items.filter((item: unknown) => isFields(item) && item['code'] === code) : [];
  if (found.length !== 1) throw new UnexpectedAnswer(`the ticket is ${found.length} times in ${list}, not once`);
  return found[0] as Fields;
}

/** @throws UnexpectedAnswer; the values are words of the service and ids, never what was sent */
export function assertIs(name: string, actual: unknown, expected: string): void {
  if (actual === expected) return;
  const known = typeof actual === 'string' && /^[a-z-]{1,20}$/.test(actual) ? actual : typeof actual;
  throw new UnexpectedAnswer(`${name} is ${known}, not as it has to be`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
