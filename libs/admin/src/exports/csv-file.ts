import { columnSql, harmlessSql, type QueriedColumn, type QueriedTable } from './column';
import type { ExportSession } from './export-session';
import type { Pace } from './pace';

export type Separator = 'comma' | 'semicolon';
const CHARACTER_OF: Readonly<Record<Separator, string>> = { comma: ',', semicolon: ';' };

const BYTE_ORDER_MARK = '\uFEFF';
const [QUOTE, LF, CR] = [0x22, 0x0a, 0x0d];

/**
 * A table as CSV by RFC 4180, in UTF-8 with a byte order mark. PostgreSQL writes it; what is left to do here is the ends
 * of lines. Whatever people typed stands in quotes: in a program that expects another separator it stays one cell.
 */
export async function* csvFile(
  session: ExportSession,
  table: QueriedTable,
  { separator, timeZone, pace }: { separator: Separator; timeZone: string; pace: Pace },
): AsyncGenerator<Buffer> {
  const delimiter = CHARACTER_OF[separator];
  yield Buffer.from(`${BYTE_ORDER_MARK}${table.columns.map(({ heading }) => quoted(heading)).join(delimiter)}\r\n`);
  const values = table.columns.map((column, n) => `${valueSql(column, separator, timeZone)} AS c${n}`);
  const typed = table.columns.flatMap(({ kind }, n) => (kind === 'text' ? [`c${n}`] : []));
  const quotes = typed.length === 0 ? '' : `, FORCE_QUOTE (${typed.join(', ')})`;
  const source = await session.copy(
    `COPY (SELECT ${values.join(', ')} ${table.from}) TO STDOUT
     WITH (FORMAT csv, DELIMITER '${delimiter}', ENCODING 'UTF8'${quotes})`,
  );
  const lines = new LineEnds();
  for await (const chunk of source) {
    const bytes = chunk as Buffer;
    // As it was read, taken out of the protocol, and with its ends of lines.
    await pace.turn(3 * bytes.length);
    yield lines.convert(bytes);
  }
}

function valueSql(column: QueriedColumn, separator: Separator, timeZone: string): string {
  const sql = columnSql(column, timeZone);
  if (column.kind === 'text') return harmlessSql(sql);
  // Where a semicolon separates, a comma is what the reader's locale has in numbers.
  const decimal = (column.kind === 'amount' || column.kind === 'ratio') && separator === 'semicolon';
  return decimal ? `replace((${sql})::text, '.', ',')` : sql;
}

function quoted(heading: string): string {
  return `"${heading.replaceAll('"', '""')}"`;
}

/** Makes CRLF of the line feeds that end a record, and leaves those within quotes alone. */
export class LineEnds {
  private inQuotes = false;

  convert(chunk: Buffer): Buffer {
    const ends = this.recordEnds(chunk);
    const result = Buffer.allocUnsafe(chunk.length + ends.length);
    let from = 0;
    for (const [before, end] of ends.entries()) {
      chunk.copy(result, from + before, from, end);
      result[end + before] = CR;
      from = end;
    }
    chunk.copy(result, from + ends.length, from);
    return result;
  }

  /** Where the line feeds are that end a record. */
  private recordEnds(chunk: Buffer): number[] {
    const ends: number[] = [];
    for (let place = 0; place < chunk.length; place++) {
      const byte = chunk[place];
      // A doubled quote turns twice.
      if (byte === QUOTE) this.inQuotes = !this.inQuotes;
      else if (byte === LF && !this.inQuotes) ends.push(place);
    }
    return ends;
  }
}
