import type { Row } from '../column';

/** What ends a value and a row in COPY's text format. */
export const [TAB, LINE_FEED] = [0x09, 0x0a];
/** The two letters of a null. */
const [BACKSLASH, N] = [0x5c, 0x4e];

const LETTER_OF: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\\': '\\',
};
const MEANT_BY = new Map(Object.entries(LETTER_OF).map(([character, letter]) => [letter, character]));

/** Rows as COPY's text format has them. */
export function copyText(rows: readonly Row[]): Buffer {
  return Buffer.from(rows.map((row) => `${row.map(escaped).join('\t')}\n`).join(''));
}

function escaped(value: string | null): string {
  if (value === null) return '\\N';
  return value.replace(/[\b\t\n\v\f\r\\]/g, (character) => `\\${LETTER_OF[character] ?? ''}`);
}

export function isNull(text: Uint8Array, from: number, end: number): boolean {
  return end - from === 2 && text[from] === BACKSLASH && text[from + 1] === N;
}

/** A value that is not null, out of COPY's text format. */
export function unescaped(value: string): string {
  return value.includes('\\') ? value.replace(/\\(.)/g, (_, letter: string) => MEANT_BY.get(letter) ?? letter) : value;
}
