/** A file's name for a person: one that could break the line it is told in is quoted. */
export function shownName(path: string): string {
  return /\p{Cc}/u.test(path) ? JSON.stringify(path) : path;
}
