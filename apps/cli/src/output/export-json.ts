import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';

/**
 * Writes an export as one JSON document, `{contest, tickets: […]}`, without holding it.
 * @param writeCsv writes the export as CSV, without ending the stream it is given
 */
export async function exportAsJson(
  contest: string,
  target: Writable,
  writeCsv: (csv: Writable) => Promise<void>,
): Promise<void> {
  const parser = parse({ columns: true, cast: (value, { header }) => (value === '' && !header ? null : value) });
  const written = writeCsv(parser).then(
    () => parser.end(),
    (error: unknown) => {
      parser.destroy(error as Error);
      throw error;
    },
  );
  const opening = `{"contest":${JSON.stringify(contest)},"tickets":[`;
  await Promise.all([
    written,
    pipeline(
      parser,
      async function* (tickets: AsyncIterable<object>) {
        let separator = opening;
        for await (const ticket of tickets) {
          yield `${separator}\n${JSON.stringify(ticket)}`;
          separator = ',';
        }
        yield separator === opening ? `${opening}]}\n` : '\n]}\n';
      },
      target,
      { end: false },
    ),
  ]);
}
