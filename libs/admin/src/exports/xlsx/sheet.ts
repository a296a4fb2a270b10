import type { Column, ColumnKind } from '../column';
import { columnLetters, textCell } from './cell';
import type { RowBlocks } from './row-blocks';
import { RowWriter } from './row-writer';
import { STYLES } from './styles';

/** What a spreadsheet holds on one sheet, the heading included. */
const MAX_SHEET_ROWS = 1_048_576;
const WIDTH_OF: Readonly<Record<ColumnKind, number>> = {
  text: 24,
  word: 14,
  integer: 12,
  amount: 12,
  ratio: 12,
  day: 12,
  moment: 20,
};
const NAMESPACE = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';

/** One sheet of a workbook: the heading stays in view, and every column can be filtered. */
export class Sheet {
  private last = 1;

  /** @param maxRows the heading included */
  constructor(
    readonly name: string,
    private readonly columns: readonly Column[],
    private readonly maxRows = MAX_SHEET_ROWS,
  ) {}

  /** Its XML, as its rows come; those that it does not hold are left to the next sheet. */
  async *xml(rows: RowBlocks): AsyncGenerator<Buffer> {
    yield Buffer.from(sheetHead(this.columns));
    const writer = new RowWriter(this.columns);
    while (this.last < this.maxRows && (await rows.more())) {
      const block = rows.take();
      let at = 0;
      while (at < block.length && this.last < this.maxRows) {
        at = writer.write(block, at, ++this.last);
        if (writer.isFull) yield writer.take();
      }
      rows.putBack(block.subarray(at));
    }
    yield writer.take();
    yield Buffer.from(`</sheetData><autoFilter ref="A1:${this.lastColumn}${this.last}"/></worksheet>`);
  }

  /** What is filtered, as a formula; known when all is written. */
  get filtered(): string {
    return `'${this.name.replaceAll("'", "''")}'!$A$1:$${this.lastColumn}$${this.last}`;
  }

  private get lastColumn(): string {
    return columnLetters(this.columns.length - 1);
  }
}

function sheetHead(columns: readonly Column[]): string {
  const widths = columns.map(({ heading, kind }, index) => {
    const width = Math.max(WIDTH_OF[kind], heading.length + 4);
    return `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`;
  });
  const headings = columns.map(({ heading }, index) => textCell(`${columnLetters(index)}1`, heading, STYLES.heading));
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="${NAMESPACE}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/></sheetView></sheetViews><cols>${widths.join('')}</cols><sheetData><row r="1">${headings.join('')}</row>`;
}

/** A sheet's name as a spreadsheet takes it: at most 31 characters, and none of a few. */
export function sheetName(name: string, part: number): string {
  const suffix = part === 1 ? '' : ` (${part})`;
  return name.replace(/[\\/?*[\]:]/g, ' ').slice(0, 31 - suffix.length) + suffix;
}
