import { Readable } from 'node:stream';
import { GivingWay } from './giving-way';

/** Each as large as what the stream keeps waiting, so that a pause is felt by whoever makes them. */
const PIECES = Array.from({ length: 100 }, (_, n) => Buffer.alloc(16_384, n));

/** Takes half a second. */
async function* made(): AsyncGenerator<Buffer> {
  for (const piece of PIECES) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    yield piece;
  }
}

describe('A stream that gives way', () => {
  let pauses: jest.SpyInstance;

  beforeEach(() => {
    pauses = jest.spyOn(global, 'setTimeout');
  });
  afterEach(() => {
    pauses.mockRestore();
  });
  const ownPauses = (): number => pauses.mock.calls.filter(([, ms]) => ms === 900).length;

  it('passes every byte in its order, with a pause now and then, while others want the machine', async () => {
    const passed = await Readable.from(made())
      .pipe(new GivingWay(() => true))
      .toArray();
    expect(Buffer.concat(passed as Buffer[])).toEqual(Buffer.concat(PIECES));
    // Of each five milliseconds one piece; some twenty are passed in turn, and as many made while none is.
    expect(ownPauses()).toBeGreaterThanOrEqual(2);
    expect(ownPauses()).toBeLessThan(PIECES.length);
  });

  it('makes no pause while nobody does', async () => {
    await Readable.from(made())
      .pipe(new GivingWay(() => false))
      .toArray();
    expect(ownPauses()).toBe(0);
  });
});
