import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseCsv } from './export-files';

const run = promisify(execFile);
const LIMIT_MS = 100_000;
/** Comma, double quotes, UTF-8, from the first line, every cell as it is shown, a file for each sheet. */
const CSV_FILTER = 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1';
/** Tells of each sheet how many rows of it stay in view; a conversion looks at no window, and so does not know. */
const MACRO = `Sub Main(source As String, target As String)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  document = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
  controller = document.getCurrentController()
  Open target For Output As #1
  For n = 0 To document.Sheets.Count - 1
    controller.setActiveSheet(document.Sheets.getByIndex(n))
    Print #1, CStr(controller.hasFrozenPanes()) &amp; " " &amp; CStr(controller.SplitRow) &amp; " " &amp; CStr(controller.SplitColumn)
  Next n
  Close #1
  document.close(True)
  StarDesktop.terminate()
End Sub`;

/** A cell as LibreOffice understands it. */
export interface OpenedCell {
  /** string, float, percentage, date */
  type: string;
  /** What it holds, not what is shown. */
  value: string;
}

/** LibreOffice without a window, on a profile of its own. */
export class LibreOffice {
  private constructor(private readonly folder: string) {}

  static async start(): Promise<LibreOffice> {
    return new LibreOffice(await mkdtemp(join(tmpdir(), 'tiptop-libreoffice-')));
  }

  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Opens a workbook and writes each of its sheets as CSV. */
  async asCsv(workbook: Buffer): Promise<(sheet: string) => Promise<string[][]>> {
    await this.convert(workbook, CSV_FILTER);
    return async (sheet) => {
      const text = await readFile(join(this.folder, `book-${sheet}.csv`), 'utf8');
      // It ends records as the system does, and so does it within a cell.
      return parseCsv(Buffer.from(text.replace(/\r?\n/g, '\r\n')));
    };
  }

  /** Opens a workbook and tells what each cell of each sheet is, and which ranges have buttons to filter by. */
  async understand(workbook: Buffer): Promise<{ sheets: Map<string, (OpenedCell | null)[][]>; filters: string[] }> {
    await this.convert(workbook, 'fods');
    const text = await readFile(join(this.folder, 'book.fods'), 'utf8');
    const sheets = [...text.matchAll(/<table:table table:name="([^"]+)"[^>]*>(.*?)<\/table:table>/gs)].map(
      ([, name = '', table = '']) => [name, rowsOf(table)] as const,
    );
    const ranges = text.matchAll(
      /<table:database-range [^>]*target-range-address="([^"]+)"[^>]*filter-buttons="true"/g,
    );
    return { sheets: new Map(sheets), filters: [...ranges].map(([, range = '']) => range.replaceAll('&apos;', "'")) };
  }

  /** Opens a workbook in a view and tells of each sheet: whether something is frozen, how many rows, how many columns. */
  async frozen(workbook: Buffer): Promise<string[]> {
    // The profile is there once something was converted.
    await this.convert(workbook, 'fods');
    const module = join(this.folder, 'profile/user/basic/Standard');
    await mkdir(module, { recursive: true });
    await writeFile(
      join(module, 'Module1.xba'),
      `<?xml version="1.0" encoding="UTF-8"?>
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">${MACRO}</script:module>`,
    );
    const target = join(this.folder, 'frozen.txt');
    await this.run(`macro:///Standard.Module1.Main("file://${this.folder}/book.xlsx","${target}")`);
    return (await readFile(target, 'utf8')).trim().split('\n');
  }

  private async convert(workbook: Buffer, format: string): Promise<void> {
    await writeFile(join(this.folder, 'book.xlsx'), workbook);
    await this.run('--convert-to', format, '--outdir', this.folder, join(this.folder, 'book.xlsx'));
  }

  private async run(...words: string[]): Promise<void> {
    const profile = `-env:UserInstallation=file://${this.folder}/profile`;
    await run('soffice', [profile, '--headless', '--norestore', ...words], { timeout: LIMIT_MS });
  }
}

/** Cells and rows that are repeated stand there once, with their number; a sheet's empty rest is millions of them. */
function rowsOf(table: string): (OpenedCell | null)[][] {
  const rows: (OpenedCell | null)[][] = [];
  for (const [, attributes = '', content = ''] of table.matchAll(
    /<table:table-row([^>]*)>(.*?)<\/table:table-row>/gs,
  )) {
    const cells = cellsOf(content);
    if (cells.length > 0) rows.push(...Array<(OpenedCell | null)[]>(timesOf(attributes)).fill(cells));
  }
  return rows;
}

function cellsOf(row: string): (OpenedCell | null)[] {
  const cells: (OpenedCell | null)[] = [];
  let empty = 0;
  for (const [, attributes = '', content = ''] of row.matchAll(
    /<table:table-cell([^>]*?)(?:\/>|>(.*?)<\/table:table-cell>)/gs,
  )) {
    const type = / office:value-type="(\w+)"/.exec(attributes)?.[1];
    if (type === undefined) {
      empty += timesOf(attributes);
      continue;
    }
    const held = / office:(?:date-value|value)="([^"]*)"/.exec(attributes)?.[1];
    cells.push(...Array<null>(empty).fill(null));
    empty = 0;
    cells.push(...Array<OpenedCell>(timesOf(attributes)).fill({ type, value: held ?? shownText(content) }));
  }
  return cells;
}

function timesOf(attributes: string): number {
  return Number(/number-(?:rows|columns)-repeated="(\d+)"/.exec(attributes)?.[1] ?? 1);
}

function shownText(content: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return [...content.matchAll(/<text:p>(.*?)<\/text:p>/gs)]
    .map(([, text = '']) =>
      text
        .replace(/<text:s(?: text:c="(\d+)")?\/>/g, (_, count: string | undefined) => ' '.repeat(Number(count ?? 1)))
        .replace(/<text:tab\/>/g, '\t')
        .replace(/<[^>]+>/g, '')
        .replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole),
    )
    .join('\n');
}
