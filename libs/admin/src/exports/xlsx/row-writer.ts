import type { Column, ColumnKind } from '../column';
import { columnLetters, textCell } from './cell';
import { isNull, LINE_FEED, TAB, unescaped } from './copy-text';
import { putSerial, secondsAt } from './serial';
import { STYLES } from './styles';
import { XmlBytes } from './xml-bytes';

/** More than what stands around a value, references included. */
const FRAME_BYTES = 128;
const BLANK = 0x20;
const ROW = Buffer.from('<row r="');
const CELLS = Buffer.from('">');
const ROW_END = Buffer.from('</row>');

/** Bytes of a text that XML or COPY writes in another way, and the one that begins the few long characters of that kind. */
const SPECIAL = bytesThat((byte, character) => byte < BLANK || byte === 0xef || '&<>"\\_'.includes(character));
/** What a text may begin with that a spreadsheet takes for a formula: signs, and blanks of all kinds. */
const DOUBTFUL = bytesThat(
  (byte, character) => byte <= BLANK || '=+-@'.includes(character) || [0xc2, 0xe1, 0xe2, 0xe3, 0xef].includes(byte),
);

/** How the cells of a column are written. */
interface CellForm {
  holds: 'number' | 'time' | 'text';
  letters: string;
  /** XML up to the row's number in the reference, from there to the value, and after it. */
  before: Buffer;
  between: Buffer;
  after: Buffer;
}

/**
 * Writes rows of COPY's text format as those of a sheet, from bytes to bytes. A string for each cell would leave hundreds
 * of megabytes behind to be cleared away; only the few cells that are not written as they come are made one.
 */
export class RowWriter {
  private readonly forms: readonly CellForm[];
  private readonly xml = new XmlBytes();

  constructor(columns: readonly Column[]) {
    this.forms = columns.map(({ kind }, index) => formOf(kind, columnLetters(index)));
  }

  get isFull(): boolean {
    return this.xml.isFull;
  }

  /** What was written since the last time. */
  take(): Buffer {
    return this.xml.take();
  }

  /**
   * @param from where a row begins in the bytes
   * @param number the row's in its sheet
   * @returns where the next one begins
   */
  write(rows: Buffer, from: number, number: number): number {
    const { xml } = this;
    xml.room(FRAME_BYTES);
    xml.put(ROW);
    xml.digits(number);
    xml.put(CELLS);
    let at = from;
    for (const form of this.forms) {
      let end = at;
      let special = 0;
      for (let byte = rows[end] ?? LINE_FEED; byte !== TAB && byte !== LINE_FEED; byte = rows[++end] ?? LINE_FEED) {
        special |= SPECIAL[byte] ?? 0;
      }
      if (!isNull(rows, at, end)) this.writeCell(form, number, rows, at, end, special === 1);
      at = end + 1;
    }
    xml.room(FRAME_BYTES);
    xml.put(ROW_END);
    return at;
  }

  private writeCell(form: CellForm, number: number, rows: Buffer, from: number, end: number, special: boolean): void {
    const { xml } = this;
    const seconds = form.holds === 'time' ? secondsAt(rows, from, end) : undefined;
    const asItIs = form.holds === 'number' || (form.holds === 'text' && !special && isPlain(rows, from, end));
    if (seconds === undefined && !asItIs) {
      xml.write(textCell(`${form.letters}${number}`, unescaped(rows.toString('utf8', from, end))));
      return;
    }
    xml.room(FRAME_BYTES + end - from);
    xml.put(form.before);
    xml.digits(number);
    xml.put(form.between);
    if (seconds === undefined) xml.copy(rows, from, end);
    else putSerial(xml, seconds);
    xml.put(form.after);
  }
}

function formOf(kind: ColumnKind, letters: string): CellForm {
  const form = (holds: CellForm['holds'], between: string, after: string): CellForm => ({
    holds,
    letters,
    before: Buffer.from(`<c r="${letters}`),
    between: Buffer.from(`"${between}`),
    after: Buffer.from(`${after}</c>`),
  });
  switch (kind) {
    case 'text':
    case 'word':
      return form('text', ' t="inlineStr"><is><t>', '</t></is>');
    case 'integer':
    case 'amount':
    case 'ratio':
      return form('number', ` s="${STYLES[kind]}"><v>`, '</v>');
    case 'day':
    case 'moment':
      return form('time', ` s="${STYLES[kind]}"><v>`, '</v>');
  }
}

/** Whether a text of no special bytes looks the same to everybody: no formula, and no blanks at its ends. */
function isPlain(rows: Buffer, from: number, end: number): boolean {
  return from === end || (DOUBTFUL[rows[from] ?? 0] === 0 && rows[end - 1] !== BLANK);
}

function bytesThat(are: (byte: number, character: string) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (are(byte, String.fromCharCode(byte)) ? 1 : 0));
}
