import { StepFailure } from '../../backups/backup-source';
import { retried } from './retried';

describe('What is tried again', () => {
  const told: string[] = [];
  const stop = new AbortController();
  const underway = { signal: stop.signal, progress: (text: string) => void told.push(text) };

  it('is a fault that may pass, as often as is set', async () => {
    let tries = 0;
    const work = (): Promise<string> => {
      tries++;
      return tries < 3 ? Promise.reject(new StepFailure(`fault ${tries}`)) : Promise.resolve('done');
    };
    await expect(retried(work, { attempts: 3, pauseMs: 0 }, underway)).resolves.toBe('done');
    expect(told).toEqual(['fault 1; trying again', 'fault 2; trying again']);
    tries = -1;
    await expect(retried(work, { attempts: 2, pauseMs: 0 }, underway)).rejects.toThrow('fault 1');
  });

  it('is none that lasts', async () => {
    const work = jest.fn(() => Promise.reject(new StepFailure('denied', false)));
    await expect(retried(work, { attempts: 3, pauseMs: 0 }, underway)).rejects.toThrow('denied');
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('is nothing any more once it is ended, in the middle of a pause', async () => {
    const work = jest.fn(() => Promise.reject(new StepFailure('fault')));
    const tried = retried(work, { attempts: 3, pauseMs: 60_000 }, underway);
    setImmediate(() => {
      stop.abort(new Error('SIGTERM'));
    });
    await expect(tried).rejects.toThrow('SIGTERM');
    expect(work).toHaveBeenCalledTimes(1);
  });
});
