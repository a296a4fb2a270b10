import { durationSeconds, recoverySeconds } from './deployment-times';

const at = (ms: number): Date => new Date(Date.UTC(2026, 10, 22) + ms);

describe('The times of a deployment', () => {
  it('are seconds, to the millisecond', () => {
    expect(durationSeconds({ startedAt: at(0), finishedAt: at(74_250) })).toBe(74.25);
    expect(recoverySeconds({ failureNoticedAt: at(10), recoveredAt: at(2010) })).toBe(2);
  });

  it('are none while it runs, or where nothing was rolled back', () => {
    expect(durationSeconds({ startedAt: at(0), finishedAt: null })).toBeNull();
    expect(recoverySeconds({ failureNoticedAt: null, recoveredAt: null })).toBeNull();
    expect(recoverySeconds({ failureNoticedAt: at(0), recoveredAt: null })).toBeNull();
  });

  it('are never negative, where a clock was set back', () => {
    expect(durationSeconds({ startedAt: at(5), finishedAt: at(0) })).toBe(0);
    expect(recoverySeconds({ failureNoticedAt: at(5), recoveredAt: at(0) })).toBe(0);
  });
});
