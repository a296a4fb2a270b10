// What moves a terminal's cursor, or turns the direction in which a line is read.
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** A text from anywhere on one line, without characters that do something instead of being seen. */
export function oneLine(text: string, longest = Infinity): string {
  return shortened(text.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim(), longest);
}

/** The same, line by line. */
export function plainLines(text: string, longest = Infinity): string {
  const lines = text.split(/\r?\n/).map((line) => line.replace(UNSEEN, ' ').trimEnd());
  return shortened(lines.join('\n').trim(), longest);
}

/** @param longest in code units; a character is never cut in two */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const cut = text.slice(0, longest - 1);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
