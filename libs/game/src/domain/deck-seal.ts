import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** Cards under one hash; also written into the play statement. */
export const CARDS_PER_MASK = 32;
/** Cards in one row of deck_pages: small enough to stay in the row. */
export const CARDS_PER_PAGE = 1024;

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * What keeps a stored deck unreadable to whoever has the database alone: each card stands there XORed with a byte that
 * only the holder of DECK_SECRET can compute. Derived anew for each deck from the secret and the deck's salt.
 */
export class DeckSeal {
  private constructor(
    /** 32 bytes: the mask of card n (from 0) is byte n mod 32 of SHA-256(cardKey ‖ ⌊n / 32⌋ as 8 bytes, big-endian). */
    readonly cardKey: Buffer,
    private readonly seedKey: Buffer,
    readonly salt: Buffer,
  ) {}

  static create(secret: string): DeckSeal {
    return DeckSeal.open(secret, randomBytes(16));
  }

  static open(secret: string, salt: Buffer): DeckSeal {
    const keys = Buffer.from(hkdfSync('sha256', secret, salt, 'the-tip-top deck', 64));
    return new DeckSeal(keys.subarray(0, 32), keys.subarray(32), salt);
  }

  /** Tells whether two seals are the same, and gives nothing of the key away. */
  get fingerprint(): string {
    return createHash('sha256').update('fingerprint').update(this.cardKey).digest('hex').slice(0, 32);
  }

  /** Masks a deck, or unmasks one: the operation is its own inverse. */
  mask(cards: Buffer): Buffer {
    const result = Buffer.alloc(cards.length);
    const block = Buffer.alloc(8);
    for (let start = 0; start < cards.length; start += CARDS_PER_MASK) {
      block.writeBigUInt64BE(BigInt(start / CARDS_PER_MASK));
      const mask = createHash('sha256').update(this.cardKey).update(block).digest();
      const end = Math.min(start + CARDS_PER_MASK, cards.length);
      for (let place = start; place < end; place++) {
        result[place] = (cards[place] ?? 0) ^ (mask[place - start] ?? 0);
      }
    }
    return result;
  }

  /** Encrypts the seed (AES-256-GCM): 12 bytes IV, 16 bytes tag, ciphertext. */
  sealSeed(seed: Buffer): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.seedKey, iv);
    const ciphertext = Buffer.concat([cipher.update(seed), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
  }

  /** @throws Error where the seed was sealed with another key or was altered */
  openSeed(sealed: Buffer): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.seedKey, sealed.subarray(0, IV_BYTES));
    decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  }
}
