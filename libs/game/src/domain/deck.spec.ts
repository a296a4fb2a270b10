import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { commitTo, SEED_BYTES, shuffleDeck, verifyCommitment } from './deck';
import { allocateShares } from './shares';

const seedArbitrary = fc
  .uint8Array({ minLength: SEED_BYTES, maxLength: SEED_BYTES })
  .map((bytes) => Buffer.from(bytes));
const countsArbitrary = fc
  .tuple(fc.integer({ min: 0, max: 3000 }), fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 12 }))
  .map(([total, weights]) => allocateShares(total, weights));

/** How often each of the prizes stands in a deck. */
function census(deck: Buffer, prizes: number): number[] {
  const counts = new Array<number>(prizes).fill(0);
  for (const card of deck) counts[card] = (counts[card] ?? 0) + 1;
  return counts;
}

/** The n-th of a fixed series of seeds: chance that is the same at each run. */
function seedNumber(n: number): Buffer {
  return createHash('sha256').update(`seed ${n}`).digest();
}

describe('A deck', () => {
  it('holds each prize exactly as often as its count says, for any print run and any shares', () => {
    fc.assert(
      fc.property(seedArbitrary, countsArbitrary, (seed, counts) => {
        expect(census(shuffleDeck(seed, counts), counts.length)).toEqual(counts);
      }),
    );
  });

  it('is the same each time for the same seed and counts', () => {
    fc.assert(
      fc.property(seedArbitrary, countsArbitrary, (seed, counts) => {
        expect(shuffleDeck(seed, counts).equals(shuffleDeck(Buffer.from(seed), [...counts]))).toBe(true);
      }),
    );
  });

  // Worked out with another program: openssl enc -aes-256-ctr over zeros, and thirty lines of Python. A change that
  // breaks these breaks the proof of every deck already published.
  it('is what its published algorithm says', () => {
    const seed = Buffer.from(Array.from({ length: 32 }, (_, place) => place));
    const small = shuffleDeck(seed, [6, 2, 1, 1]);
    expect(small.toString('hex')).toBe('00000100010000030002');
    expect(commitTo(seed, small)).toBe('5a3e85a358af874f56d23ccc4ff8cf2e2a3e9b56c0f715ca49926a065968ce50');
    const hundred = shuffleDeck(seed, [60, 20, 10, 6, 4]);
    expect(hundred.toString('hex')).toBe(
      '0402000000000001000000020201000100000102000000000000000100000001000001010103000000000101000004000100' +
        '0300000000010000030200000302040200000000010001020003000001030200000100010004010000000000020000010000',
    );
    expect(commitTo(seed, hundred)).toBe('1ce8dd7f46f3435588f20cda118d2d2b54fac4523fefd3f963063e99aa2c9303');
  });

  it('differs from seed to seed', () => {
    const decks = new Set(
      Array.from({ length: 200 }, (_, n) => shuffleDeck(seedNumber(n), [60, 20, 10, 6, 4]).toString('hex')),
    );
    expect(decks.size).toBe(200);
  });

  it('is any of all orders alike', () => {
    const DECKS = 4800;
    const orders = new Map<string, number>();
    for (let n = 0; n < DECKS; n++) {
      const order = shuffleDeck(seedNumber(n), [1, 1, 1, 1]).toString('hex');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    const expected = DECKS / 24;
    const chiSquare = [...orders.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 23 degrees of freedom: beyond 60 once in 30,000. The seeds are fixed, so the value is as well.
    expect(chiSquare).toBeLessThan(60);
  });

  it('puts a rare prize anywhere alike, first and last places included', () => {
    const DECKS = 4000;
    const places = new Array<number>(50).fill(0);
    for (let n = 0; n < DECKS; n++) places[shuffleDeck(seedNumber(n), [49, 1]).indexOf(1)]!++;
    const expected = DECKS / 50;
    const chiSquare = places.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 49 degrees of freedom.
    expect(chiSquare).toBeLessThan(100);
  });

  it('goes on beyond one buffer of the key stream', () => {
    // 64 KiB of key stream are 16,384 draws.
    const counts = [30_000, 10_000];
    const deck = shuffleDeck(seedNumber(1), counts);
    expect(census(deck, 2)).toEqual(counts);
    const tail = deck.subarray(20_000);
    expect(Math.abs(census(tail, 2)[1]! / tail.length - 0.25)).toBeLessThan(0.02);
  });

  it('takes 256 prizes at most, and a seed of 32 bytes', () => {
    expect(shuffleDeck(seedNumber(1), new Array<number>(256).fill(1))).toHaveLength(256);
    expect(() => shuffleDeck(seedNumber(1), new Array<number>(257).fill(1))).toThrow(RangeError);
    for (const length of [0, 16, 31, 33]) expect(() => shuffleDeck(Buffer.alloc(length), [1])).toThrow(RangeError);
  });
});

describe('The commitment', () => {
  it('is fulfilled by the seed and the counts it was made of', () => {
    fc.assert(
      fc.property(seedArbitrary, countsArbitrary, (seed, counts) => {
        const commitment = commitTo(seed, shuffleDeck(seed, counts));
        expect(commitment).toMatch(/^[0-9a-f]{64}$/);
        expect(verifyCommitment(commitment, seed, counts)).toBe(true);
      }),
    );
  });

  it('is the SHA-256 of seed and deck', () => {
    const seed = seedNumber(3);
    const deck = shuffleDeck(seed, [5, 5]);
    expect(commitTo(seed, deck)).toBe(
      createHash('sha256')
        .update(Buffer.concat([seed, deck]))
        .digest('hex'),
    );
  });

  it('is broken by any other seed, one bit apart', () => {
    fc.assert(
      fc.property(seedArbitrary, fc.integer({ min: 0, max: 255 }), (seed, bit) => {
        const commitment = commitTo(seed, shuffleDeck(seed, [6, 3, 1]));
        const other = Buffer.from(seed);
        other[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifyCommitment(commitment, other, [6, 3, 1])).toBe(false);
      }),
    );
  });

  it('is broken by other counts, and by counts in another order', () => {
    const seed = seedNumber(4);
    const commitment = commitTo(seed, shuffleDeck(seed, [6, 3, 1]));
    for (const counts of [[5, 4, 1], [6, 3, 2], [6, 3], [3, 6, 1], [1, 3, 6], [7, 3, 1], []]) {
      expect(verifyCommitment(commitment, seed, counts)).toBe(false);
    }
  });

  it('is broken by any changed card', () => {
    const seed = seedNumber(5);
    const deck = shuffleDeck(seed, [60, 20, 10, 6, 4]);
    const commitment = commitTo(seed, deck);
    for (let place = 0; place < deck.length; place++) {
      const altered = Buffer.from(deck);
      altered[place] = (altered[place]! + 1) % 5;
      expect(commitTo(seed, altered)).not.toBe(commitment);
    }
  });
});
