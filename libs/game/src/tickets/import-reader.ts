import type { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { isAnyCode, isCheckedCode, normaliseCode } from '../domain/ticket-code';

const LINES_PER_CHUNK = 1000;

export interface ImportReaderOptions {
  progress: (lines: number) => void;
  /** Called for each line, counted from 1, that holds no usable code. */
  onFault: (line: number) => void;
}

interface ParsedRecord {
  record: string[];
  info: Info;
}

/**
 * Reads codes from CSV and gives lines of a COPY: the line's number in the file, a tab, the code. A heading is
 * recognised by a cell `code`; without one the first column is read.
 * @param checkedCodes whether a code must be of our alphabet and carry a right check character
 */
export async function* readImport(
  csv: Readable,
  checkedCodes: boolean,
  { progress, onFault }: ImportReaderOptions,
): AsyncGenerator<Buffer> {
  const isValid = checkedCodes ? isCheckedCode : isAnyCode;
  const parser = csv.pipe(
    parse({
      bom: true,
      // A French Excel separates by semicolons.
      delimiter: [',', ';', '\t'],
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      skip_records_with_error: true,
      on_skip: (error: CsvError | undefined) => {
        onFault((error as { lines?: number } | undefined)?.lines ?? 0);
      },
    }),
  );
  csv.once('error', (error) => parser.destroy(error));
  let column: number | undefined;
  let chunk = '';
  let lines = 0;
  for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
    if (column === undefined) {
      const heading = record.findIndex((cell) => cell.toLowerCase() === 'code');
      column = Math.max(heading, 0);
      if (heading >= 0) continue;
    }
    const code = normaliseCode(record[column] ?? '');
    if (isValid(code)) chunk += `${info.lines.toString()}\t${code}\n`;
    else onFault(info.lines);
    if (++lines % LINES_PER_CHUNK === 0) {
      yield Buffer.from(chunk);
      chunk = '';
      progress(lines);
    }
  }
  if (chunk !== '') yield Buffer.from(chunk);
  progress(lines);
}
