import { bytesInWords } from './bytes-in-words';

describe('A size in words', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [61_349_000, '61.3 MB'],
    [999_949_999, '999.9 MB'],
    [999_950_000, '1.0 GB'],
    [5_000_000_000_000_000, '5000.0 TB'],
  ])('of %d is %s', (bytes, words) => {
    expect(bytesInWords(bytes)).toBe(words);
  });
});
