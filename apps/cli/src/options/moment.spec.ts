import { UsageError } from '../failures/cli-error';
import { moment } from './moment';

const paris = (text: string): string => moment('--at', text).in('Europe/Paris').toISOString();

describe('moment', () => {
  it('takes an offset at its word', () => {
    expect(paris('2026-11-01T09:00+05:30')).toBe('2026-11-01T03:30:00.000Z');
    expect(paris('2026-11-01T09:00:30.5Z')).toBe('2026-11-01T09:00:30.500Z');
  });

  it('reads a day or a time without an offset as the shops do', () => {
    expect(paris('2026-11-01')).toBe('2026-10-31T23:00:00.000Z');
    expect(paris('2026-07-01T09:00')).toBe('2026-07-01T07:00:00.000Z');
    expect(moment('--at', '2026-07-01').in('America/New_York').toISOString()).toBe('2026-07-01T04:00:00.000Z');
    expect(moment('--at', '2026-07-01').in('UTC').toISOString()).toBe('2026-07-01T00:00:00.000Z');
  });

  it('finds the offset of the day itself around a change of clocks', () => {
    expect(paris('2026-03-29T01:59')).toBe('2026-03-29T00:59:00.000Z');
    expect(paris('2026-03-29T03:00')).toBe('2026-03-29T01:00:00.000Z');
    expect(paris('2026-10-25T00:30')).toBe('2026-10-24T22:30:00.000Z');
    expect(paris('2026-10-25T03:00')).toBe('2026-10-25T02:00:00.000Z');
  });

  it.each([
    '',
    'tomorrow',
    '2026-02-30',
    '2026-13-01',
    '01/11/2026',
    '2026-11-01 09:00',
    '2026-11-01T25:00',
    '20261101',
  ])('refuses %p', (text) => {
    expect(() => moment('--at', text)).toThrow(UsageError);
  });
});
