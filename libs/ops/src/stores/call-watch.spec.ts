import { getEventListeners } from 'node:events';
import { CallWatch } from './call-watch';
import { LEFTOVER_MS, leftoverAgeMs } from './store-options';

const LIMITS = { totalMs: 10_000, stallMs: 1000 };

describe('The watch over a call', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function watch(limits = LIMITS) {
    const run = new AbortController();
    return { run, watch: new CallWatch(limits, run.signal) };
  }

  it('ends it with the run, at once where the run is over already', () => {
    const { run, watch: before } = watch();
    run.abort();
    expect(before.signal.aborted).toBe(true);
    expect(before.ended).toBe('aborted');
    const after = new CallWatch(LIMITS, AbortSignal.abort());
    expect(after.signal.aborted).toBe(true);
    expect(after.words('aborted')).toBe('stopped, because the run ends');
  });

  it('ends it after its whole time, whatever moves', () => {
    const { watch: it } = watch();
    it.listen();
    for (let ms = 0; ms < 9_900; ms += 900) {
      expect(it.ended).toBeUndefined();
      jest.advanceTimersByTime(900);
      it.moved();
    }
    jest.advanceTimersByTime(1000);
    expect(it.ended).toBe('too-long');
    expect(it.words('too-long')).toBe('took longer than 10 s');
  });

  it('ends it after a silence, counted from the last byte', () => {
    const { watch: it } = watch();
    it.listen();
    jest.advanceTimersByTime(999);
    it.moved();
    jest.advanceTimersByTime(999);
    expect(it.signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(it.ended).toBe('silent');
    expect(it.words('silent')).toBe('no byte for 1 s');
  });

  it('leaves silence to others where nobody listens', () => {
    const { watch: it } = watch();
    it.moved();
    jest.advanceTimersByTime(9_999);
    expect(it.ended).toBeUndefined();
  });

  it('keeps to the first reason', () => {
    const { run, watch: it } = watch();
    it.listen();
    jest.advanceTimersByTime(1000);
    run.abort();
    jest.advanceTimersByTime(20_000);
    expect(it.ended).toBe('silent');
  });

  it('leaves neither timer nor listener behind', () => {
    const { run, watch: it } = watch();
    it.listen();
    expect(jest.getTimerCount()).toBe(2);
    it.stop();
    expect(jest.getTimerCount()).toBe(0);
    expect(getEventListeners(run.signal, 'abort')).toEqual([]);
    run.abort();
    expect(it.ended).toBeUndefined();
  });
});

it('What an upload has left is swept after a day, or later where an upload may take longer', () => {
  expect(leftoverAgeMs(LIMITS)).toBe(LEFTOVER_MS);
  expect(leftoverAgeMs({ ...LIMITS, totalMs: LEFTOVER_MS })).toBe(2 * LEFTOVER_MS);
});
