/** What a column holds: `text` is what people typed, `word` is ours and harmless. */
export type ColumnKind = 'text' | 'word' | 'integer' | 'amount' | 'ratio' | 'day' | 'moment';

/** A column of a file, its heading in the reader's language. */
export interface Column {
  heading: string;
  kind: ColumnKind;
}

export interface QueriedColumn extends Column {
  /** SQL of its value: text, number, date, or timestamptz for a moment. */
  sql: string;
}

/** A table that a statement reads, of however many rows. */
export interface QueriedTable {
  name: string;
  columns: readonly QueriedColumn[];
  /** From `FROM` on. No parameters: what came from outside is escaped. */
  from: string;
}

/** The values of a row as PostgreSQL writes them: `2026-11-22 18:30:00`, `3.14`; or null. */
export type Row = readonly (string | null)[];

/** A table of a few rows that are known already. */
export interface ListedTable {
  name: string;
  columns: readonly Column[];
  rows: readonly Row[];
}

/**
 * What a spreadsheet might take for a formula: these characters at the beginning, after blanks as well, or a tab or
 * carriage return there. The wide forms are what some Asian locales read as the same.
 * https://owasp.org/www-community/attacks/CSV_Injection
 */
const BLANKS = String.raw`\s\u0085\u00A0\u1680\u2000-\u200F\u2028\u2029\u202F\u205F\u2060\u3000\uFEFF`;
const FORMULA_PATTERN = `^([${BLANKS}]*[=+@\\uFF1D\\uFF0B\\uFF20\\uFF0D\\u2212-]|[\\t\\r])`;
const FORMULA = new RegExp(FORMULA_PATTERN, 'u');

export function looksLikeFormula(text: string): boolean {
  return FORMULA.test(text);
}

/**
 * SQL of a text that no spreadsheet takes for a formula. Comparing bytes decides for nearly all texts, at a tenth of what the
 * expression costs: what begins with a letter of ASCII, or with a digit, is harmless.
 */
export function harmlessSql(text: string): string {
  const between = (first: string, after: string): string =>
    `(${text}) COLLATE "C" >= '${first}' AND (${text}) COLLATE "C" < ${after}`;
  return `CASE WHEN ${between('A', `U&'\\0080'`)} OR ${between('0', `':'`)} THEN ${text}
    WHEN ${text} ~ E'${FORMULA_PATTERN.replaceAll('\\', '\\\\')}' THEN '''' || ${text} ELSE ${text} END`;
}

/** SQL of a column's value as its file shows it. Times are the contest's, in whole seconds. */
export function columnSql({ kind, sql }: QueriedColumn, timeZone: string): string {
  // A time zone's name is a setting, checked at the start; its letters need no escape.
  return kind === 'moment' ? `date_trunc('second', ${sql} AT TIME ZONE '${timeZone}')` : sql;
}
