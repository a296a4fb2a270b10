import { firstOfMonth, formatMonth, formatUtcDay, monthNumberOf, sundayOf, utcDayOf } from './utc-day';

const day = (text: string) => utcDayOf(new Date(`${text}T00:00:00Z`));

describe('A day in UTC', () => {
  it.each([
    ['2026-11-22T00:00:00Z', '2026-11-22'],
    ['2026-11-22T23:59:59.999Z', '2026-11-22'],
    ['2026-11-23T00:30:00+02:00', '2026-11-22'],
    ['1969-12-31T23:59:59Z', '1969-12-31'],
    ['2028-02-29T12:00:00Z', '2028-02-29'],
  ])('of %s is %s', (instant, text) => {
    expect(formatUtcDay(utcDayOf(new Date(instant)))).toBe(text);
  });

  it.each([
    ['2026-11-15', '2026-11-15'],
    ['2026-11-16', '2026-11-22'],
    ['2026-11-21', '2026-11-22'],
    ['2026-11-22', '2026-11-22'],
    ['2026-12-31', '2027-01-03'],
    ['1969-12-29', '1970-01-04'],
    ['1969-12-28', '1969-12-28'],
  ])('%s is in the week to Sunday %s', (text, sunday) => {
    expect(formatUtcDay(sundayOf(day(text)))).toBe(sunday);
  });

  it.each([
    ['2026-11-01', '2026-11-01', '2026-11'],
    ['2026-11-30', '2026-11-01', '2026-11'],
    ['2028-02-29', '2028-02-01', '2028-02'],
  ])('%s is in the month of %s', (text, first, month) => {
    expect(formatUtcDay(firstOfMonth(day(text)))).toBe(first);
    expect(formatMonth(day(text))).toBe(month);
  });

  it('counts months across the turn of the year', () => {
    expect(monthNumberOf(day('2027-01-01')) - monthNumberOf(day('2026-12-31'))).toBe(1);
    expect(monthNumberOf(day('2027-01-31')) - monthNumberOf(day('2025-12-01'))).toBe(13);
  });
});
