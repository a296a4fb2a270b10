import { availableIn, refusalOf } from './engine-room';

const GB = 1024 ** 3;

describe('Memory for a second container', () => {
  it('is there where both fit into the machine, and the second into what is free', () => {
    expect(refusalOf(GB, 2 * GB, GB)).toBeUndefined();
    expect(refusalOf(GB, 8 * GB, undefined)).toBeUndefined();
  });

  it('is not there where the machine is too small, or too full', () => {
    expect(refusalOf(GB, 2 * GB - 1, 2 * GB)).toMatch(/the machine has .* for both/);
    expect(refusalOf(GB, 8 * GB, GB - 1)).toMatch(/memory are free/);
  });

  it('is not judged without a limit', () => {
    expect(refusalOf(0, GB, 0)).toBeUndefined();
  });

  it('is what the kernel says can be had', () => {
    expect(availableIn('MemTotal:  24684084 kB\nMemFree: 1 kB\nMemAvailable:   19049076 kB\n')).toBe(19049076 * 1024);
    expect(availableIn('MemTotal:  24684084 kB\n')).toBeUndefined();
  });
});
