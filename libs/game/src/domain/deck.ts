import { createCipheriv, createHash } from 'node:crypto';

/** Names how a deck is made and committed to; published with the commitment so that anybody can repeat it. */
export const DECK_ALGORITHM = 'fisher-yates-aes-256-ctr;commitment=sha256(seed||deck)';
export const SEED_BYTES = 32;
const WORD_BYTES = 4;
/** Encrypted, they are the key stream. */
const ZEROS = Buffer.alloc(64 * 1024);

/**
 * The deck of a print run: one byte a position, the place of a prize in the contest's list, shuffled by Fisher and Yates
 * with the AES-256-CTR key stream of the seed as the source of chance. The same seed and counts give the same deck.
 * @param seed 32 bytes
 * @param counts how often each prize occurs; at most 256 prizes
 */
export function shuffleDeck(seed: Buffer, counts: readonly number[]): Buffer {
  if (seed.length !== SEED_BYTES) throw new RangeError('The seed has 32 bytes');
  if (counts.length > 256) throw new RangeError('A deck has at most 256 different prizes');
  const deck = Buffer.alloc(counts.reduce((a, b) => a + b, 0));
  let position = 0;
  counts.forEach((count, ordinal) => {
    deck.fill(ordinal, position, position + count);
    position += count;
  });
  const draw = uniformDraws(seed, deck.length);
  for (let last = deck.length - 1; last > 0; last--) {
    const other = draw(last + 1);
    const card = deck[last] ?? 0;
    deck[last] = deck[other] ?? 0;
    deck[other] = card;
  }
  return deck;
}

/** The published commitment: the SHA-256 of seed and deck, in hexadecimal. It binds without telling anything. */
export function commitTo(seed: Buffer, deck: Buffer): string {
  return createHash('sha256').update(seed).update(deck).digest('hex');
}

/** Whether a revealed seed and the prizes' counts give the deck that was committed to. */
export function verifyCommitment(commitment: string, seed: Buffer, counts: readonly number[]): boolean {
  return commitTo(seed, shuffleDeck(seed, counts)) === commitment;
}

/**
 * A source of uniform integers in [0, bound), the bound up to 2^32, from 32-bit big-endian words of the key stream.
 * @param expected how many will be drawn, about: the key stream is made for so many at once, up to 64 KiB
 */
function uniformDraws(seed: Buffer, expected: number): (bound: number) => number {
  const bytesAtOnce = Math.min(Math.max(expected, 1) * WORD_BYTES, ZEROS.length);
  const WORDS = 2 ** 32;
  const cipher = createCipheriv('aes-256-ctr', seed, Buffer.alloc(16));
  let stream = Buffer.alloc(0);
  let offset = 0;
  return (bound) => {
    const limit = WORDS - (WORDS % bound);
    for (;;) {
      if (offset >= stream.length) {
        stream = cipher.update(ZEROS.subarray(0, bytesAtOnce));
        offset = 0;
      }
      const word = stream.readUInt32BE(offset);
      offset += WORD_BYTES;
      if (word < limit) return word % bound;
    }
  };
}
