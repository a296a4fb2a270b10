import { MovableClock } from '@tiptop/platform';
import { AlertRepeats, type Telling } from './alert-repeats';
import type { Alert } from './alerts';

const MINUTE_MS = 60_000;
const FAILURE: Alert = { level: 'failure', subject: 's', text: 't', facts: { step: 'space', cause: 'full' } };

describe('AlertRepeats', () => {
  let clock: MovableClock;
  let repeats: AlertRepeats;
  let told: number[];

  beforeEach(() => {
    clock = new MovableClock();
    clock.moveTo(new Date('2026-11-22T02:00:00Z'));
    repeats = new AlertRepeats(clock);
    told = [];
  });

  async function tell(alert: Alert, works = true): Promise<Telling> {
    return repeats.once(alert, (times) => {
      told.push(times);
      return Promise.resolve(works);
    });
  }

  it('tells the same failure once an hour, and then how often it was', async () => {
    for (let minute = 0; minute < 60; minute += 20) {
      expect(await tell(FAILURE)).toBe(minute === 0 ? 'told' : 'quiet');
      clock.moveBy(20 * MINUTE_MS - 1000);
    }
    expect(told).toEqual([0]);
    clock.moveBy(MINUTE_MS);
    await tell(FAILURE);
    expect(told).toEqual([0, 2]);
    clock.moveBy(60 * MINUTE_MS);
    await tell(FAILURE);
    expect(told).toEqual([0, 2, 0]);
  });

  it.each<[string, Partial<Alert>]>([
    ['subject', { subject: 'another' }],
    ['step', { facts: { step: 'database', cause: 'full' } }],
    ['cause', { facts: { step: 'space', cause: 'broken' } }],
    ['level', { level: 'warning' }],
  ])('tells one of another %s', async (_, changes) => {
    await tell(FAILURE);
    await tell({ ...FAILURE, ...changes });
    expect(told).toEqual([0, 0]);
  });

  it('looks at the text where no cause is given, and at nothing else that differs', async () => {
    await tell({ ...FAILURE, facts: {} });
    await tell({ ...FAILURE, facts: {}, text: 'another' });
    await tell({ ...FAILURE, text: 'another', facts: { ...FAILURE.facts, backup: 'daily-1' } });
    await tell({ ...FAILURE, text: 'one more', facts: { ...FAILURE.facts, backup: 'daily-2' } });
    expect(told).toEqual([0, 0, 0]);
  });

  it('always tells good news', async () => {
    const success: Alert = { ...FAILURE, level: 'success' };
    expect(await tell(success)).toBe('told');
    expect(await tell(success, false)).toBe('failed');
    expect(told).toEqual([0, 0]);
  });

  it('tells again what could not be told', async () => {
    expect(await tell(FAILURE, false)).toBe('failed');
    expect(await tell(FAILURE, false)).toBe('failed');
    expect(await tell(FAILURE)).toBe('told');
    expect(await tell(FAILURE)).toBe('quiet');
    expect(told).toEqual([0, 1, 2]);
  });

  it.each([true, false])('has two at once told once, both with the same outcome (%s)', async (works) => {
    let done: (outcome: boolean) => void = () => undefined;
    const work = jest.fn(async () => new Promise<boolean>((resolve) => (done = resolve)));
    const both = Promise.all([repeats.once(FAILURE, work), repeats.once(FAILURE, work)]);
    done(works);
    expect(await both).toEqual(works ? ['told', 'quiet'] : ['failed', 'failed']);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('is not silenced by a clock that was put back', async () => {
    await tell(FAILURE);
    clock.moveBy(-24 * 60 * MINUTE_MS);
    await tell(FAILURE);
    expect(told).toEqual([0, 0]);
  });

  it('is not silenced by one whose telling threw', async () => {
    await expect(repeats.once(FAILURE, () => Promise.reject(new Error('no words')))).rejects.toThrow('no words');
    await tell(FAILURE);
    expect(told).toEqual([1]);
  });

  it('remembers 500 at most, the newest', async () => {
    for (let number = 0; number <= 500; number++) await tell({ ...FAILURE, subject: `${number}` });
    told = [];
    await tell({ ...FAILURE, subject: '1' });
    expect(told).toEqual([]);
    await tell({ ...FAILURE, subject: '0' });
    expect(told).toEqual([0]);
  });

  it('counts one that is told again among the newest', async () => {
    await tell(FAILURE);
    await tell(FAILURE);
    clock.moveBy(61 * MINUTE_MS);
    await tell({ ...FAILURE, subject: 'first' });
    expect(await tell(FAILURE)).toBe('told');
    for (let number = 0; number < 499; number++) await tell({ ...FAILURE, subject: `${number}` });
    expect(await tell(FAILURE)).toBe('quiet');
    expect(await tell({ ...FAILURE, subject: 'first' })).toBe('told');
  });
});
