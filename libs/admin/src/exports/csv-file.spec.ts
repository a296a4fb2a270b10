import fc from 'fast-check';
import { LineEnds } from './csv-file';

/** As PostgreSQL writes it, and as it should leave: line feeds outside of quotes end a record. */
const convert = (csv: string): string => csv.replace(/"(?:[^"]|"")*"|\n/g, (part) => (part === '\n' ? '\r\n' : part));

describe('LineEnds', () => {
  it('makes CRLF of what ends a record, however the bytes are cut', () => {
    const bare = fc.string({ unit: fc.constantFrom('a', 'é', '🍵', ',', ' ', ';') });
    const quoted = fc
      .string({ unit: fc.constantFrom('a', '"', '\n', '\r', ',', 'é') })
      .map((text) => `"${text.replaceAll('"', '""')}"`);
    const record = fc.array(fc.oneof(bare, quoted), { maxLength: 4 }).map((values) => `${values.join(',')}\n`);
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), (records, piece) => {
        const csv = Buffer.from(records.join(''));
        const lines = new LineEnds();
        const pieces = Array.from({ length: Math.ceil(csv.length / piece) }, (_, n) =>
          lines.convert(csv.subarray(n * piece, (n + 1) * piece)),
        );
        expect(Buffer.concat(pieces).toString()).toBe(convert(csv.toString()));
      }),
      { numRuns: 500 },
    );
  });
});
