import { suspicionOf } from './dump-history';

describe('A dump’s size', () => {
  it.each<[string, number, number[]]>([
    ['is the first one', 1, []],
    ['is as before', 100, [100, 100, 100, 100, 100]],
    ['is exactly half the median', 50, [100, 100, 100, 100, 100]],
    ['is small beside the largest only', 60, [1000, 1000, 100, 100, 100]],
    [
      'is small beside dumps that are long past',
      60,
      [100, 100, 100, 100, 100, 1000, 1000, 1000, 1000, 1000, 1000, 1000],
    ],
    ['is more than half of the two in the middle', 51, [10, 90, 110, 1000]],
    ['has grown', 10_000, [100]],
  ])('is no reason to suspect it where it %s', (_, bytes, earlier) => {
    expect(suspicionOf(bytes, earlier)).toBeUndefined();
  });

  it.each<[string, number, number[]]>([
    ['all of the last five', 49, [100, 100, 100, 100, 100]],
    ['the one before', 49, [100]],
    ['the two in the middle', 49, [10, 90, 110, 1000]],
    ['most of them, two small ones aside', 49, [10, 10, 100, 100, 100]],
    ['nothing at all', 0, [1]],
  ])('is a reason where it is less than half beside %s', (_, bytes, earlier) => {
    expect(suspicionOf(bytes, earlier)).toMatch(/quarantined/);
  });

  it('is told with what it was measured by', () => {
    expect(suspicionOf(3, [8, 10])).toBe(
      'the dump has 3 bytes, less than half the median of the last 2 (9): it is quarantined',
    );
  });

  it('is judged without a change to what is known', () => {
    const earlier = Object.freeze([3, 1, 2]);
    suspicionOf(1, earlier);
    expect(earlier).toEqual([3, 1, 2]);
  });
});
