import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { CARDS_PER_MASK, CARDS_PER_PAGE, DeckSeal } from './deck-seal';

const SECRET = 'a secret of this test and of nothing else';
const deckArbitrary = fc.uint8Array({ maxLength: 3 * CARDS_PER_PAGE + 5 }).map((bytes) => Buffer.from(bytes));

describe('A deck’s mask', () => {
  it('is its own inverse', () => {
    fc.assert(
      fc.property(deckArbitrary, (deck) => {
        const seal = DeckSeal.create(SECRET);
        expect(seal.mask(seal.mask(deck)).equals(deck)).toBe(true);
      }),
    );
  });

  it('is taken off by a seal opened with the same secret and salt', () => {
    fc.assert(
      fc.property(deckArbitrary, (deck) => {
        const sealed = DeckSeal.create(SECRET);
        const opened = DeckSeal.open(SECRET, sealed.salt);
        expect(opened.fingerprint).toBe(sealed.fingerprint);
        expect(opened.mask(sealed.mask(deck)).equals(deck)).toBe(true);
      }),
    );
  });

  it('leaves the deck it was given as it was', () => {
    const deck = Buffer.alloc(100, 3);
    DeckSeal.create(SECRET).mask(deck);
    expect(deck.equals(Buffer.alloc(100, 3))).toBe(true);
  });

  it('hides the deck: equal cards don’t look equal, and every value occurs about alike', () => {
    const masked = DeckSeal.open(SECRET, Buffer.alloc(16, 7)).mask(Buffer.alloc(256 * 400));
    const counts = new Array<number>(256).fill(0);
    for (const byte of masked) counts[byte]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0);
    // 255 degrees of freedom, and a fixed salt: the value is the same at each run.
    expect(chiSquare).toBeLessThan(400);
    const blocks = new Set<string>();
    for (let start = 0; start < masked.length; start += CARDS_PER_MASK) {
      blocks.add(masked.subarray(start, start + CARDS_PER_MASK).toString('hex'));
    }
    expect(blocks.size).toBe(masked.length / CARDS_PER_MASK);
  });

  it('differs from deck to deck under one secret', () => {
    const deck = Buffer.alloc(64);
    const masks = Array.from({ length: 50 }, () => DeckSeal.create(SECRET).mask(deck).toString('hex'));
    expect(new Set(masks).size).toBe(50);
  });

  // Worked out with Python's hmac and hashlib from the description of HKDF in RFC 5869.
  it('is what its description says', () => {
    const salt = Buffer.from(Array.from({ length: 16 }, (_, place) => place));
    const seal = DeckSeal.open(SECRET, salt);
    expect(seal.cardKey.toString('hex')).toBe('84fc99f0989dd20ed62fd23fa744f3b0a27fc427f606f2de052e49fc2532d014');
    expect(seal.fingerprint).toBe('69e6745ccaa1ce4efc137dde98f8bb47');
    expect(seal.mask(Buffer.alloc(70)).toString('hex')).toBe(
      '1a3dc26774ddc0381767711ccbfdc3e775dba011e34a661544f130d89506192828d09edde9deb82a3c41b56c8976571fcadf4950' +
        '04638e7e8829d12d698b9ba9749558d6eacd',
    );
  });

  it('of card n is byte n mod 32 of the hash of the key and n / 32', () => {
    const seal = DeckSeal.create(SECRET);
    const masked = seal.mask(Buffer.alloc(CARDS_PER_PAGE * 2));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: masked.length - 1 }), (n) => {
        const block = Buffer.alloc(8);
        block.writeBigUInt64BE(BigInt(Math.floor(n / 32)));
        expect(masked[n]).toBe(createHash('sha256').update(seal.cardKey).update(block).digest()[n % 32]);
      }),
    );
  });
});

describe('The key’s fingerprint', () => {
  it('tells a wrong secret, and a wrong salt', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const seal = DeckSeal.create(a);
        expect(DeckSeal.open(b, seal.salt).fingerprint === seal.fingerprint).toBe(a === b);
        expect(DeckSeal.open(a, randomBytes(16)).fingerprint).not.toBe(seal.fingerprint);
      }),
    );
  });

  it('gives neither the key nor its plain hash away', () => {
    const seal = DeckSeal.create(SECRET);
    expect(seal.cardKey.toString('hex')).not.toContain(seal.fingerprint);
    expect(createHash('sha256').update(seal.cardKey).digest('hex')).not.toContain(seal.fingerprint);
  });
});

describe('The sealed seed', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const seed = Buffer.from(bytes);
        const seal = DeckSeal.create(SECRET);
        expect(DeckSeal.open(SECRET, seal.salt).openSeed(seal.sealSeed(seed)).equals(seed)).toBe(true);
      }),
    );
  });

  it('does not show the seed, and looks different each time', () => {
    const seal = DeckSeal.create(SECRET);
    const seed = randomBytes(32);
    const sealed = Array.from({ length: 20 }, () => seal.sealSeed(seed));
    expect(new Set(sealed.map((bytes) => bytes.toString('hex'))).size).toBe(20);
    expect(sealed.some((bytes) => bytes.includes(seed))).toBe(false);
  });

  it('is refused where any bit of it was altered, or some of it is missing', () => {
    const seal = DeckSeal.create(SECRET);
    const sealed = seal.sealSeed(randomBytes(32));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Buffer.from(sealed);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => seal.openSeed(altered)).toThrow();
    }
    for (const length of [0, 12, 28, sealed.length - 1]) {
      expect(() => seal.openSeed(sealed.subarray(0, length))).toThrow();
    }
  });

  it('is refused to another secret and to another salt', () => {
    const seal = DeckSeal.create(SECRET);
    const sealed = seal.sealSeed(randomBytes(32));
    expect(() => DeckSeal.open(`${SECRET}!`, seal.salt).openSeed(sealed)).toThrow();
    expect(() => DeckSeal.create(SECRET).openSeed(sealed)).toThrow();
  });
});
