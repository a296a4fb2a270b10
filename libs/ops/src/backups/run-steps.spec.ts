import { MovableClock } from '@tiptop/platform';
import { RunSteps } from './run-steps';

describe('The steps of a run that is ended between two of them', () => {
  it('tell which one was not begun, and why, and do nothing of it', async () => {
    const end = new AbortController();
    const finished = jest.fn();
    const steps = new RunSteps(new MovableClock(), end.signal, { progress: jest.fn(), finished }, () =>
      Promise.resolve(),
    );
    await steps.take('archive', () => Promise.resolve({ value: 1, detail: 'made' }));
    const reason = new Error('the lease was lost');
    end.abort(reason);
    const work = jest.fn();
    await expect(steps.take('upload-sftp', work)).rejects.toBe(reason);
    expect(work).not.toHaveBeenCalled();
    expect(steps.reports).toMatchObject([
      { name: 'archive', status: 'passed', attempts: 1 },
      { name: 'upload-sftp', status: 'failed', attempts: 0, detail: 'interrupted: the lease was lost' },
    ]);
    expect(finished).toHaveBeenCalledTimes(2);
  });
});
