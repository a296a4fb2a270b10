import { foldForSearch } from '@tiptop/auth';

const MAX_WORDS = 5;
/** The index knows texts by three characters of them, and the beginnings of words by fewer. */
const INDEXED = /[a-z0-9]{3}/;
const INDEXED_AT_A_BEGINNING = /^[a-z0-9]/;

/** Puts a value into a statement: as a parameter's name, or as an escaped literal. */
export type Place = (value: string) => string;

/** What of a search is looked for, each word by itself; none where it is blank. */
export function searchWords(search = ''): string[] {
  const words = foldForSearch(search).split(/\s+/);
  return words.filter((word) => word !== '').slice(0, MAX_WORDS);
}

/**
 * SQL that is true of an account `u` in whose names or e-mail every word is found: anywhere, and one of one or two
 * characters at the beginning of a name or of the e-mail.
 */
export function isPersonSql(words: readonly string[], place: Place): string {
  const isIndexed = words.some((word) => INDEXED.test(word));
  return words.map((word) => wordSql(word, place, isIndexed)).join(' AND ');
}

/** @param isOneIndexed whether any word of the search is long enough to be looked up by itself */
function wordSql(word: string, place: Place, isOneIndexed: boolean): string {
  const escaped = word.replace(/[\\%_]/g, '\\$&');
  // A word that the planner sees makes it guess how many people have it, from a few of them, and look at every one
  // where the guess is high. One that it does not see it takes for rare, and looks it up by the index.
  const like = (pattern: string): string => `u.search_text LIKE (SELECT ${place(pattern)}::text)`;
  const likeApart = (pattern: string): string => `u.search_text || '' LIKE ${place(pattern)}`;
  const [mailbox = '', ...domain] = escaped.split('@');
  if (domain.length > 0 && INDEXED.test(mailbox)) {
    // Half of all people have the same few domains, which the index would have to look through.
    return `(${like(`%${mailbox}@%`)} AND ${likeApart(`%${escaped}%`)})`;
  }
  if (INDEXED.test(word)) return like(`%${escaped}%`);
  if (INDEXED_AT_A_BEGINNING.test(word) && word.length < 3) {
    const beginnings = [`${escaped}%`, `% ${escaped}%`, `%-${escaped}%`];
    return `(${beginnings.map(isOneIndexed ? likeApart : like).join(' OR ')})`;
  }
  return `u.search_text LIKE ${place(`%${escaped}%`)}`;
}
