import { periodOf } from './period';

const NOW = new Date('2026-11-22T12:00:00Z');
const PARIS = 'Europe/Paris';

describe('periodOf', () => {
  it.each([
    // Days are meant whole, in the time zone; the clocks change on 29 March and 25 October.
    ['2026-11-01', '2026-11-02', PARIS, '2026-10-31T23:00:00.000Z', '2026-11-02T23:00:00.000Z'],
    ['2026-03-29', '2026-03-29', PARIS, '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', '2026-10-25', PARIS, '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ['2026-11-01', '2026-11-01', 'America/New_York', '2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'],
    ['2026-11-01', '2026-11-01', 'Asia/Kathmandu', '2026-10-31T18:15:00.000Z', '2026-11-01T18:15:00.000Z'],
    ['2026-11-01', '2026-11-01', 'UTC', '2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z'],
    // Instants are meant as they are.
    [
      '2026-11-01T09:30:00+01:00',
      '2026-11-01T09:30:00Z',
      PARIS,
      '2026-11-01T08:30:00.000Z',
      '2026-11-01T09:30:00.000Z',
    ],
  ])('%s to %s in %s', (from, to, timeZone, begin, end) => {
    const period = periodOf({ from, to, interval: 'hour' }, NOW, timeZone);
    expect([period.from.toISOString(), period.to.toISOString()]).toEqual([begin, end]);
  });

  it('ends now, and is of a day or of thirty, where nothing is said', () => {
    expect(periodOf({ interval: 'hour' }, NOW, PARIS)).toEqual({ from: new Date('2026-11-21T12:00:00Z'), to: NOW });
    expect(periodOf({ interval: 'day' }, NOW, PARIS)).toEqual({ from: new Date('2026-10-23T12:00:00Z'), to: NOW });
    const till = periodOf({ to: '2026-11-01', interval: 'hour' }, NOW, PARIS);
    expect(till.from).toEqual(new Date('2026-10-31T23:00:00Z'));
  });

  it.each([
    [{ from: '2026-11-03', to: '2026-11-01', interval: 'day' }, 'to', 'period.reversed'],
    [{ from: '2026-11-23', interval: 'day' }, 'from', 'period.reversed'],
    [{ from: '2026-11-01T09:00:00Z', to: '2026-11-01T10:00:00+01:00', interval: 'day' }, 'to', 'period.reversed'],
    [{ from: '2026-09-01', to: '2026-11-02', interval: 'hour' }, 'to', 'period.tooLong'],
    [{ from: '2020-01-01', interval: 'day' }, 'from', 'period.tooLong'],
  ] as const)('refuses %j', (query, path, message) => {
    const refusal = expect.objectContaining({ code: 'VALIDATION_FAILED', fields: [{ path, message }] }) as Error;
    expect(() => periodOf(query, NOW, PARIS)).toThrow(refusal);
  });

  it('takes 62 days by the hour, over a change of clocks as well', () => {
    expect(() => periodOf({ from: '2026-09-01', to: '2026-11-01', interval: 'hour' }, NOW, PARIS)).not.toThrow();
  });
});
