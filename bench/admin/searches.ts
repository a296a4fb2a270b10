/** SQL of accounts that a search for whole words means, told without any index. */
export function contains(...words: string[]): string {
  return words.map((word) => `search_text LIKE '%${word.toLowerCase()}%'`).join(' AND ');
}

/** The same of one or two characters, with which a name or the e-mail begins. */
export function begins(characters: string): string {
  const text = characters.toLowerCase();
  return `(${[`${text}%`, `% ${text}%`, `%-${text}%`].map((pattern) => `search_text LIKE '${pattern}'`).join(' OR ')})`;
}
