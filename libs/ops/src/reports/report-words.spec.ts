import { countInWords, durationInWords, momentUtc } from './report-words';

describe('A report’s words', () => {
  it.each([
    [-1, '0.0 s'],
    [0.04, '0.0 s'],
    [0.44, '0.4 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 00 s'],
    [432.42, '7 min 12 s'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h 00 min'],
    [3900, '1 h 05 min'],
    [90_000, '25 h 00 min'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(durationInWords(seconds)).toBe(words);
  });

  it('instants are told in UTC, to the second', () => {
    expect(momentUtc('2026-11-22T03:00:00.900+01:00')).toBe('2026-11-22 02:00:00 UTC');
    expect(momentUtc('soon')).toBe('soon');
  });

  it('counts are grouped', () => {
    expect(countInWords(1_500_000)).toBe('1,500,000');
  });
});
