/**
 * Breaks a text at its spaces into lines of a width, and within a word only where it is longer than a line: a path, a key.
 * @param indent before every line, counted in the width
 */
export function wrapped(text: string, width: number, indent = ''): string[] {
  return text.split('\n').flatMap((line) => wrappedLine(line, width - indent.length).map((part) => indent + part));
}

function wrappedLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ +/)) {
    if (word === '') continue;
    // What follows a piece that was cut off finds no room beside it: no space comes into a word.
    for (const piece of piecesOf(word, width)) {
      const longer = line === '' ? piece : `${line} ${piece}`;
      if (lengthOf(longer) <= width) line = longer;
      else {
        if (line !== '') lines.push(line);
        line = piece;
      }
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

function piecesOf(word: string, width: number): string[] {
  const letters = Array.from(word);
  const pieces: string[] = [];
  for (let at = 0; at < letters.length; at += width) pieces.push(letters.slice(at, at + width).join(''));
  return pieces;
}

/** In characters as a terminal counts them, near enough. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
