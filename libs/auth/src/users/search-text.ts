/** Lower case and without accents, so that "helene" finds "Hélène". */
export function foldForSearch(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();
}

/** The text by which a person is found. */
export function searchTextOf(person: { firstName: string; lastName: string; emailKey: string }): string {
  return `${foldForSearch(person.firstName)} ${foldForSearch(person.lastName)} ${foldForSearch(person.emailKey)}`;
}
