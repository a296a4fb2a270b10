import crypto from 'node:crypto';
import fc from 'fast-check';
import {
  checkCharacter,
  CODE_ALPHABET,
  CODE_LENGTH,
  CODE_SPACE,
  codeAt,
  drawCodeIndices,
  isAnyCode,
  isCheckedCode,
  normaliseCode,
} from './ticket-code';

const indexArbitrary = fc.integer({ min: 0, max: CODE_SPACE - 1 });
const bodyArbitrary = fc.string({ unit: fc.constantFrom(...Array.from(CODE_ALPHABET)), minLength: 9, maxLength: 9 });

describe('The check character', () => {
  // Worked out apart from this code. 222222222: the value is 0 nine times, so the product goes 30 -> 29, 27, 23, 15, 30,
  // 29, 27, 23, 15; the check value c with (15 + c) mod 30 = 1 is 16, and the alphabet's 16th letter from 0 is J.
  it.each([
    ['222222222', 'J'],
    ['ZZZZZZZZZ', 'H'],
    ['23456789A', 'D'],
    ['7KQ2M9XHP', 'Z'],
    ['THETPTPP2', 'Q'],
    ['ABCDEFGHJ', '5'],
    ['Z22222222', '3'],
    ['22222222Z', 'M'],
    ['922222222', 'E'],
    ['ZYXWVTSRQ', 'J'],
  ])('of %s is %s', (body, check) => {
    expect(checkCharacter(body)).toBe(check);
    expect(isCheckedCode(body + check)).toBe(true);
  });

  it('is the only one that the nine characters before it allow', () => {
    fc.assert(
      fc.property(bodyArbitrary, (body) => {
        const allowed = Array.from(CODE_ALPHABET).filter((last) => isCheckedCode(body + last));
        expect(allowed).toEqual([checkCharacter(body)]);
      }),
    );
  });

  it('finds every single wrong character, at each of the ten places', () => {
    fc.assert(
      fc.property(indexArbitrary, (index) => {
        const code = codeAt(index);
        const undetected: string[] = [];
        for (let place = 0; place < CODE_LENGTH; place++) {
          for (const wrong of CODE_ALPHABET) {
            if (wrong === code[place]) continue;
            const typed = code.slice(0, place) + wrong + code.slice(place + 1);
            if (isCheckedCode(typed)) undetected.push(typed);
          }
        }
        expect(undetected).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('finds nearly every exchange of two neighbours', () => {
    let exchanges = 0;
    let undetected = 0;
    for (let n = 0; n < 2000; n++) {
      const code = codeAt(Math.floor((CODE_SPACE / 2000) * n) + n * 7919);
      for (let place = 0; place < CODE_LENGTH - 1; place++) {
        const [a = '', b = ''] = code.slice(place, place + 2);
        if (a === b) continue;
        exchanges++;
        if (isCheckedCode(code.slice(0, place) + b + a + code.slice(place + 2))) undetected++;
      }
    }
    expect(exchanges).toBeGreaterThan(10_000);
    expect(undetected / exchanges).toBeLessThan(0.01);
  });

  it('exists only for characters of the alphabet', () => {
    for (const character of ['0', 'O', '1', 'I', 'L', 'U', 'a', 'é', ' ', '']) {
      if (character !== '') expect(() => checkCharacter(`2222${character}2222`)).toThrow(RangeError);
    }
  });
});

describe('The alphabet', () => {
  it('holds no look-alikes and is in the order of its characters', () => {
    expect(CODE_ALPHABET).toBe('23456789ABCDEFGHJKMNPQRSTVWXYZ');
    expect(new Set(CODE_ALPHABET).size).toBe(30);
    expect(CODE_ALPHABET).not.toMatch(/[0O1ILU]/);
    expect(Array.from(CODE_ALPHABET).sort().join('')).toBe(CODE_ALPHABET);
    expect(CODE_SPACE).toBe(30 ** 9);
    expect(Number.isSafeInteger(CODE_SPACE)).toBe(true);
  });
});

describe('codeAt', () => {
  it('gives valid codes only', () => {
    fc.assert(
      fc.property(indexArbitrary, (index) => {
        const code = codeAt(index);
        expect(code).toHaveLength(CODE_LENGTH);
        expect(isCheckedCode(code)).toBe(true);
        expect(isAnyCode(code)).toBe(true);
        expect(code.at(-1)).toBe(checkCharacter(code.slice(0, 9)));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a later code for a greater index, so that no two indices share one', () => {
    fc.assert(
      fc.property(indexArbitrary, indexArbitrary, (a, b) => {
        expect(Math.sign(a - b)).toBe(codeAt(a) < codeAt(b) ? -1 : codeAt(a) > codeAt(b) ? 1 : 0);
      }),
    );
    expect(codeAt(0)).toBe('222222222J');
    expect(codeAt(1).slice(0, 9)).toBe('222222223');
    expect(codeAt(30).slice(0, 9)).toBe('222222232');
    expect(codeAt(CODE_SPACE - 1)).toBe('ZZZZZZZZZH');
  });
});

describe('normaliseCode', () => {
  it.each([
    ['7kq2m9xhpz', '7KQ2M9XHPZ'],
    [' 7KQ2M 9XHPZ ', '7KQ2M9XHPZ'],
    ['7KQ2M-9XHPZ', '7KQ2M9XHPZ'],
    ['7k-q2 m9\txh\npz', '7KQ2M9XHPZ'],
    ['7KQ2M\u20139XHPZ', '7KQ2M9XHPZ'],
    ['7KQ2M\u20149XHPZ', '7KQ2M9XHPZ'],
    ['7KQ2M\u20119XHPZ', '7KQ2M9XHPZ'],
    ['7KQ2M\u22129XHPZ', '7KQ2M9XHPZ'],
    ['7KQ2M\u00A09XHPZ', '7KQ2M9XHPZ'],
    ['7KQ2M\u202F9XHPZ', '7KQ2M9XHPZ'],
    ['7KQ2M\u00AD9XHPZ', '7KQ2M9XHPZ'],
    ['', ''],
  ])('of %j is %j', (typed, code) => {
    expect(normaliseCode(typed)).toBe(code);
  });

  it('finds the code again however it was typed', () => {
    const separator = fc.constantFrom('', '', ' ', '-', '\u00A0', '\u2013', ' - ');
    const style = fc.tuple(fc.boolean(), separator);
    fc.assert(
      fc.property(indexArbitrary, fc.array(style, { minLength: 10, maxLength: 10 }), (index, styles) => {
        const code = codeAt(index);
        const typed = Array.from(code).map((character, place) => {
          const [lower, before] = styles[place] ?? [false, ''];
          return before + (lower ? character.toLowerCase() : character);
        });
        expect(normaliseCode(typed.join(''))).toBe(code);
      }),
    );
  });

  it('keeps what is no separator, so that it can be refused', () => {
    expect(normaliseCode('7KQ2M_9XHP')).toBe('7KQ2M_9XHP');
    expect(isAnyCode(normaliseCode('7KQ2M.9XHP'))).toBe(false);
  });
});

describe('What is no code', () => {
  it.each(['', '222222222', '222222222JJ', '022222222J', '2222O2222J', '22222222éJ', '222222222j', '\u00002222222222'])(
    '%j is none of ours',
    (text) => {
      expect(isCheckedCode(text)).toBe(false);
    },
  );

  it('an imported code is any ten letters or digits, in upper case', () => {
    expect(['0O1ILU0O1I', '0000000000', 'ABCDEFGHIJ'].every(isAnyCode)).toBe(true);
    expect(
      ['ABCDEFGHI', 'ABCDEFGHIJK', 'abcdefghij', 'ABCDE GHIJ', 'ÀBCDEFGHIJ', 'ABCDEFGHI\n', 'ABCDEFGHIJ\n'].some(
        isAnyCode,
      ),
    ).toBe(false);
  });
});

describe('drawCodeIndices', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('gives as many distinct places as asked for, in ascending order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), (count) => {
        const indices = drawCodeIndices(count);
        expect(indices).toHaveLength(count);
        expect(isStrictlyAscending(indices)).toBe(true);
        expect(indices.every((index) => Number.isInteger(index) && index >= 0 && index < CODE_SPACE)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('draws from the whole space alike', () => {
    const DRAWS = 1_000_000;
    const BINS = 100;
    const bins = new Array<number>(BINS).fill(0);
    for (const index of drawCodeIndices(DRAWS)) bins[Math.floor((index / CODE_SPACE) * BINS)]!++;
    // 99 degrees of freedom: 99 is expected, 250 comes by chance once in 10^13 runs. A plain remainder of 48 bits, which
    // favours the low third of the codes by 7 %, comes to about 1100.
    expect(chiSquare(bins, DRAWS / BINS)).toBeLessThan(250);
  });

  it('draws each character of the body alike', () => {
    const counts = Array.from({ length: 9 }, () => new Map<string, number>());
    const DRAWS = 60_000;
    for (const index of drawCodeIndices(DRAWS)) {
      Array.from(codeAt(index).slice(0, 9)).forEach((character, place) => {
        counts[place]!.set(character, (counts[place]!.get(character) ?? 0) + 1);
      });
    }
    for (const count of counts) {
      expect(count.size).toBe(30);
      // 29 degrees of freedom: 130 comes by chance once in 10^14.
      expect(chiSquare([...count.values()], DRAWS / 30)).toBeLessThan(130);
    }
  });

  it('draws again for a place that came up twice, and for a draw beyond the last whole multiple', () => {
    const BEYOND = 2 ** 48 - 1;
    const words = [5, BEYOND, 9, 5, 9, 9, 7, 7, 5, 11, 12, 13, 14, 15, 16];
    jest.spyOn(crypto, 'randomBytes').mockImplementation((size: number) => {
      const pool = Buffer.alloc(size);
      words.forEach((word, place) => pool.writeUIntBE(word, place * 6, 6));
      return pool;
    });
    const indices = drawCodeIndices(5);
    expect(isStrictlyAscending(indices)).toBe(true);
    expect(indices).toHaveLength(5);
    expect([...indices].slice(0, 3)).toEqual([5, 7, 9]);
    expect(indices.includes(BEYOND % CODE_SPACE)).toBe(false);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, CODE_SPACE / 1000 + 1])('refuses to draw %d', (count) => {
    expect(() => drawCodeIndices(count)).toThrow(RangeError);
  });
});

function isStrictlyAscending(values: Float64Array): boolean {
  return values.every((value, place) => place === 0 || value > values[place - 1]!);
}

function chiSquare(observed: readonly number[], expected: number): number {
  return observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
