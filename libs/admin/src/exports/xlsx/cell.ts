import { looksLikeFormula } from '../column';
import { STYLES } from './styles';

/**
 * A cell that holds a text, whatever it begins with; what looks like a formula is marked as quoted too, so that it does
 * not become one when somebody edits the cell.
 * @param reference `A1`
 */
export function textCell(
  reference: string,
  text: string,
  style: number = looksLikeFormula(text) ? STYLES.quoted : STYLES.plain,
): string {
  return `<c r="${reference}" t="inlineStr" s="${style}"><is><t xml:space="preserve">${escapeXml(text)}</t></is></c>`;
}

/** Of the control characters XML knows three; a spreadsheet writes the others, and a return, by their number. */
// eslint-disable-next-line no-control-regex -- these are meant
const UNWRITABLE = /[\u0000-\u0008\u000B-\u001F\uFFFE\uFFFF]|_(?=x[0-9A-Fa-f]{4}_)/g;
const SPECIAL = /[&<>"]/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeXml(text: string): string {
  return text
    .replace(UNWRITABLE, (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replace(SPECIAL, (character) => ENTITIES[character] ?? character);
}

/** The letters of a column, from 0: A … Z, AA … */
export function columnLetters(index: number): string {
  const rest = String.fromCharCode(65 + (index % 26));
  return index < 26 ? rest : columnLetters(Math.floor(index / 26) - 1) + rest;
}
