import { finished, Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { columnSql, type ListedTable, type QueriedTable } from '../column';
import type { ExportSession } from '../export-session';
import type { Pace } from '../pace';
import { escapeXml } from './cell';
import { copyText } from './copy-text';
import { RowBlocks } from './row-blocks';
import { Sheet, sheetName } from './sheet';
import { STYLES_XML } from './styles';

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const CONTENT = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
/** Most of what can be saved in size, at a third of the time of the usual one. */
const COMPRESSION_LEVEL = 2;

// Sheets are the usual kind of part here, so that this can stand first, before anybody knows how many there will be.
const CONTENT_TYPES = `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="${CONTENT}.worksheet+xml"/><Override PartName="/xl/workbook.xml" ContentType="${CONTENT}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${CONTENT}.styles+xml"/></Types>`;
const ROOT = relationships([{ type: 'officeDocument', target: 'xl/workbook.xml' }]);

export interface WorkbookOptions {
  timeZone: string;
  pace: Pace;
  madeAt: Date;
  /** Rows on one sheet, the heading included; what is more goes to another sheet. */
  maxSheetRows?: number | undefined;
}

/** Tables as an XLSX workbook, a sheet each, written as their rows arrive. */
export class Workbook {
  private readonly zip = new ZipFile();
  private readonly sheets: Sheet[] = [];
  private part: Readable | undefined;
  private readonly output = this.zip.outputStream as Readable;

  private constructor(
    private readonly session: ExportSession,
    private readonly options: WorkbookOptions,
  ) {
    this.output.once('close', () => this.part?.destroy());
  }

  static write(
    session: ExportSession,
    tables: readonly (QueriedTable | ListedTable)[],
    options: WorkbookOptions,
  ): Readable {
    const workbook = new Workbook(session, options);
    workbook.writeAll(tables).catch((error: unknown) => {
      workbook.output.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    return workbook.output;
  }

  private async writeAll(tables: readonly (QueriedTable | ListedTable)[]): Promise<void> {
    this.add('[Content_Types].xml', CONTENT_TYPES);
    this.add('_rels/.rels', ROOT);
    this.add('xl/styles.xml', STYLES_XML);
    for (const table of tables) await this.writeTable(table);
    this.add('xl/workbook.xml', this.list());
    const parts = this.sheets.map((_, n) => ({ type: 'worksheet', target: `worksheets/sheet${n + 1}.xml` }));
    this.add('xl/_rels/workbook.xml.rels', relationships([...parts, { type: 'styles', target: 'styles.xml' }]));
    this.zip.end();
  }

  private async writeTable(table: QueriedTable | ListedTable): Promise<void> {
    const rows = new RowBlocks(await this.rowsOf(table), this.options.pace);
    for (let part = 1; part === 1 || (await rows.more()); part++) {
      const sheet = new Sheet(sheetName(table.name, part), table.columns, this.options.maxSheetRows);
      this.sheets.push(sheet);
      await this.addPart(`xl/worksheets/sheet${this.sheets.length}.xml`, sheet.xml(rows));
    }
  }

  private async rowsOf(table: QueriedTable | ListedTable): Promise<Readable> {
    if ('rows' in table) return Readable.from([copyText(table.rows)]);
    const values = table.columns.map((column) => columnSql(column, this.options.timeZone));
    return this.session.copy(`COPY (SELECT ${values.join(', ')} ${table.from}) TO STDOUT`);
  }

  /** The sheets, and once more what is filtered on each: some programs look for it here. */
  private list(): string {
    const sheets = this.sheets.map(
      ({ name }, n) => `<sheet name="${escapeXml(name)}" sheetId="${n + 1}" r:id="rId${n + 1}"/>`,
    );
    const filters = this.sheets.map(
      ({ filtered }, n) =>
        `<definedName name="_xlnm._FilterDatabase" localSheetId="${n}" hidden="1">${escapeXml(filtered)}</definedName>`,
    );
    return `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${sheets.join('')}</sheets><definedNames>${filters.join('')}</definedNames></workbook>`;
  }

  private add(path: string, text: string): void {
    this.zip.addBuffer(Buffer.from(text), path, { mtime: this.options.madeAt });
  }

  /** @returns when its last row is on its way */
  private async addPart(path: string, xml: AsyncGenerator<Buffer>): Promise<void> {
    const part = Readable.from(xml, { objectMode: false });
    this.part = part;
    const read = new Promise<void>((resolve, reject) => {
      finished(part, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    this.zip.addReadStream(part, path, { mtime: this.options.madeAt, compressionLevel: COMPRESSION_LEVEL });
    await read;
  }
}

function relationships(parts: readonly { type: string; target: string }[]): string {
  const list = parts.map(
    ({ type, target }, n) => `<Relationship Id="rId${n + 1}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${list.join('')}</Relationships>`;
}
