import { calendarDay, hasReachedAge, isCalendarDay } from './calendar';
import { MovableClock, SystemClock } from './clock';

describe('calendarDay', () => {
  it.each([
    ['2026-06-14T21:59:59.999Z', 'Europe/Paris', '2026-06-14'],
    ['2026-06-14T22:00:00.000Z', 'Europe/Paris', '2026-06-15'],
    ['2026-12-14T22:59:59.999Z', 'Europe/Paris', '2026-12-14'],
    ['2026-12-14T23:00:00.000Z', 'Europe/Paris', '2026-12-15'],
    ['2026-12-31T23:30:00.000Z', 'Europe/Paris', '2027-01-01'],
    ['2026-12-31T23:30:00.000Z', 'UTC', '2026-12-31'],
    ['2026-01-01T03:00:00.000Z', 'America/Cayenne', '2026-01-01'],
    ['2026-01-01T02:59:59.000Z', 'America/Cayenne', '2025-12-31'],
    // The night of the change to summer time.
    ['2026-03-28T23:00:00.000Z', 'Europe/Paris', '2026-03-29'],
    ['2026-03-29T22:00:00.000Z', 'Europe/Paris', '2026-03-30'],
  ])('%s in %s is %s', (instant, timeZone, day) => {
    expect(calendarDay(new Date(instant), timeZone)).toBe(day);
  });
});

describe('hasReachedAge', () => {
  it.each([
    ['2008-06-15', '2026-06-14', 18, false],
    ['2008-06-15', '2026-06-15', 18, true],
    ['2008-06-15', '2026-06-16', 18, true],
    ['2008-12-31', '2026-12-30', 18, false],
    ['2009-01-01', '2026-12-31', 18, false],
    ['2008-02-29', '2026-02-28', 18, false],
    ['2008-02-29', '2026-03-01', 18, true],
    ['2008-02-29', '2028-02-28', 20, false],
    ['2008-02-29', '2028-02-29', 20, true],
    ['2026-06-15', '2026-06-15', 0, true],
    ['2026-06-16', '2026-06-15', 0, false],
    ['1900-01-01', '2026-06-15', 120, true],
  ])('born %s, on %s: %i years? %s', (born, today, age, reached) => {
    expect(hasReachedAge(born, today, age)).toBe(reached);
  });
});

describe('isCalendarDay', () => {
  it.each(['2026-01-01', '2024-02-29', '2000-02-29', '1900-12-31', '9999-12-31'])('%s is one', (text) => {
    expect(isCalendarDay(text)).toBe(true);
  });

  it.each<[unknown]>([
    ['2026-02-29'],
    ['1900-02-29'],
    ['2026-04-31'],
    ['2026-13-01'],
    ['2026-00-10'],
    ['2026-01-00'],
    ['2026-1-1'],
    ['26-01-01'],
    [' 2026-01-01'],
    ['2026-01-01\n'],
    ['2026-01-01T00:00:00Z'],
    ['01/01/2026'],
    [''],
    [20_260_101],
    [null],
    [undefined],
    [new Date()],
    [['2026-01-01']],
  ])('%j is none', (value) => {
    expect(isCalendarDay(value)).toBe(false);
  });
});

describe('MovableClock', () => {
  it('stands on the system’s until it is moved, goes on from there, and comes back', () => {
    const [clock, system] = [new MovableClock(), new SystemClock()];
    const apart = () => clock.now().getTime() - system.now().getTime();
    expect(Math.abs(apart())).toBeLessThan(1000);
    clock.moveBy(86_400_000);
    clock.moveBy(-3_600_000);
    expect(Math.abs(apart() - 82_800_000)).toBeLessThan(1000);
    const target = new Date('2030-01-01T00:00:00Z');
    clock.moveTo(target);
    expect(Math.abs(clock.now().getTime() - target.getTime())).toBeLessThan(1000);
    clock.reset();
    expect(Math.abs(apart())).toBeLessThan(1000);
  });
});
