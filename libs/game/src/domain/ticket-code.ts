import { randomBytes } from 'node:crypto';

/** Letters and digits that can't be taken for one another on a receipt: no 0 O 1 I L U. */
export const CODE_ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
export const CODE_LENGTH = 10;

const BODY_LENGTH = CODE_LENGTH - 1;
const M = CODE_ALPHABET.length;
const VALUE_OF = new Map(Array.from(CODE_ALPHABET, (character, value) => [character, value]));
const SEPARATORS = /[\s\u00AD\u2010-\u2015\u2212-]+/g;
const ANY_CODE = /^[0-9A-Z]{10}$/;

/** How many different codes there are with a check character: 30^9, about 2 · 10^13. */
export const CODE_SPACE = M ** BODY_LENGTH;

/** Upper case, without the spaces and hyphens people type between groups. Says nothing of validity. */
export function normaliseCode(typed: string): string {
  return typed.replace(SEPARATORS, '').toUpperCase();
}

/**
 * The check character of nine characters by the ISO 7064 hybrid system with moduli 31 and 30. It finds every single
 * wrong character.
 * @param body nine characters of the alphabet
 * @throws RangeError for a character outside of it
 */
export function checkCharacter(body: string): string {
  let product = M;
  for (const character of body) {
    const value = VALUE_OF.get(character);
    if (value === undefined) throw new RangeError('A character outside the code alphabet');
    product = step(product, value);
  }
  return CODE_ALPHABET.charAt((M + 1 - product) % M);
}

function step(product: number, value: number): number {
  const sum = (product + value) % M || M;
  return (2 * sum) % (M + 1);
}

/** Whether a normalised text is a code as imported print runs may carry: any ten letters or digits. */
export function isAnyCode(code: string): boolean {
  return ANY_CODE.test(code);
}

/** Whether a normalised text is a code of our own making: ten characters of the alphabet, the last one right. */
export function isCheckedCode(code: string): boolean {
  if (code.length !== CODE_LENGTH) return false;
  for (const character of code) if (!VALUE_OF.has(character)) return false;
  return code.charAt(BODY_LENGTH) === checkCharacter(code.slice(0, BODY_LENGTH));
}

/**
 * The code with a given place among all codes.
 * @param index 0 to CODE_SPACE − 1; a greater index is a code later in alphabetical order
 */
export function codeAt(index: number): string {
  const characters = new Array<string>(CODE_LENGTH);
  let rest = index;
  for (let place = BODY_LENGTH - 1; place >= 0; place--) {
    characters[place] = CODE_ALPHABET.charAt(rest % M);
    rest = Math.floor(rest / M);
  }
  let product = M;
  for (let place = 0; place < BODY_LENGTH; place++) product = step(product, VALUE_OF.get(characters[place] ?? '') ?? 0);
  characters[BODY_LENGTH] = CODE_ALPHABET.charAt((M + 1 - product) % M);
  return characters.join('');
}

/**
 * Distinct places in the code space, each equally likely, drawn by the system's CSPRNG.
 * @returns `count` indices in ascending order: 8 bytes each, so that five million fit in 40 MB, and a table filled in
 * this order fills its index from left to right
 */
export function drawCodeIndices(count: number): Float64Array {
  if (!Number.isInteger(count) || count < 0 || count > CODE_SPACE / 1000) {
    // Denser than one in a thousand, codes could be guessed.
    throw new RangeError('The number of codes must be a whole number, and small against the number of possible codes');
  }
  const indices = new Float64Array(count);
  const random = uniformIndices();
  for (let i = 0; i < count; i++) indices[i] = random();
  for (;;) {
    indices.sort();
    let repeated = 0;
    for (let i = 1; i < count; i++) {
      if (indices[i] !== indices[i - 1]) continue;
      indices[i - 1] = random();
      repeated++;
    }
    if (repeated === 0) return indices;
  }
}

/** A source of uniform integers in [0, CODE_SPACE). */
function uniformIndices(): () => number {
  const BITS_48 = 2 ** 48;
  const limit = BITS_48 - (BITS_48 % CODE_SPACE);
  let pool = Buffer.alloc(0);
  let offset = 0;
  return () => {
    for (;;) {
      if (offset >= pool.length) {
        pool = randomBytes(6 * 8192);
        offset = 0;
      }
      const draw = pool.readUIntBE(offset, 6);
      offset += 6;
      // A draw above the last whole multiple would favour the low codes.
      if (draw < limit) return draw % CODE_SPACE;
    }
  };
}
