import fc from 'fast-check';
import { PRESETS } from '../contests/presets';
import { allocateShares } from './shares';

const total = fc.integer({ min: 0, max: 10_000_000 });
const weights = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 256 });
const smallWeights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 8 });

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('allocateShares', () => {
  it('deals out the whole print run, no ticket more or less', () => {
    fc.assert(
      fc.property(total, weights, (tickets, parts) => {
        const counts = allocateShares(tickets, parts);
        expect(counts).toHaveLength(parts.length);
        expect(sum(counts)).toBe(tickets);
        expect(counts.every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true);
      }),
    );
  });

  it('keeps each count less than one from its ideal share', () => {
    fc.assert(
      fc.property(total, fc.oneof(weights, smallWeights), (tickets, parts) => {
        const whole = BigInt(sum(parts));
        const counts = allocateShares(tickets, parts);
        // |count - tickets * weight / whole| < 1, in whole numbers.
        const far = counts.filter((count, place) => {
          const distance = BigInt(count) * whole - BigInt(tickets) * BigInt(parts[place]!);
          return distance >= whole || distance <= -whole;
        });
        expect(far).toEqual([]);
      }),
    );
  });

  it('never gives a smaller weight more, and equal weights differ by one at most', () => {
    fc.assert(
      fc.property(total, smallWeights, (tickets, parts) => {
        const counts = allocateShares(tickets, parts);
        for (const [i, a] of parts.entries()) {
          for (const [j, b] of parts.entries()) {
            if (a > b) expect(counts[i]).toBeGreaterThanOrEqual(counts[j]!);
            if (a === b) expect(Math.abs(counts[i]! - counts[j]!)).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });

  it('is exact where the shares divide without remainder', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), smallWeights, (times, parts) => {
        expect(allocateShares(times * sum(parts), parts)).toEqual(parts.map((weight) => weight * times));
      }),
    );
  });

  it('gives the same answer each time', () => {
    fc.assert(
      fc.property(total, weights, (tickets, parts) => {
        expect(allocateShares(tickets, parts)).toEqual(allocateShares(tickets, [...parts]));
      }),
    );
  });

  it('divides the contest of the shops as announced', () => {
    const { tickets, prizes } = PRESETS['the-tip-top'];
    const parts = prizes.map(({ weight }) => weight);
    expect(allocateShares(tickets, parts)).toEqual([300_000, 100_000, 50_000, 30_000, 20_000]);
    expect(allocateShares(10_000, parts)).toEqual([6000, 2000, 1000, 600, 400]);
    // By hand: 7 tickets are ideally 4.2, 1.4, 0.7, 0.42, 0.28; the two left over go to the greatest remainders.
    expect(allocateShares(7, parts)).toEqual([4, 1, 1, 1, 0]);
    expect(allocateShares(1, parts)).toEqual([1, 0, 0, 0, 0]);
  });

  it('loses nothing where floating point would', () => {
    const huge = Number.MAX_SAFE_INTEGER;
    expect(sumOfBig(allocateShares(huge, [1, 1, 1]))).toBe(BigInt(huge));
    expect(allocateShares(huge, [huge, huge])).toEqual([(huge + 1) / 2, (huge - 1) / 2]);
  });

  it.each([
    ['no weights', 10, []],
    ['a weight of nothing', 10, [1, 0]],
    ['a negative weight', 10, [1, -1]],
    ['a broken weight', 10, [1, 0.5]],
    ['a weight that is no number', 10, [Number.NaN]],
    ['a negative total', -1, [1]],
    ['half a ticket', 0.5, [1]],
    ['a total that is no number', Number.NaN, [1]],
    ['an endless total', Number.POSITIVE_INFINITY, [1]],
  ])('refuses %s', (_, tickets, parts) => {
    expect(() => allocateShares(tickets, parts)).toThrow(RangeError);
  });
});

function sumOfBig(values: readonly number[]): bigint {
  return values.reduce((a, b) => a + BigInt(b), 0n);
}
