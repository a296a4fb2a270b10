import { StepFailure } from '../backups/backup-source';
import { StoreFailure } from '../stores/backup-store';
import { patiently } from './patience';

const PATIENCE = { attempts: 3, retrySeconds: 0.001 };

describe('Patience', () => {
  /** @returns how often it was tried, and how it ended */
  async function tries(error: Error, signal = new AbortController().signal): Promise<[number, unknown]> {
    let count = 0;
    const ended = await patiently(PATIENCE, signal, () => {
      count++;
      return count > 2 ? Promise.resolve('done') : Promise.reject(error);
    }).catch((reason: unknown) => reason);
    return [count, ended];
  }

  it('tries again what may pass, and nothing else', async () => {
    expect(await tries(new StoreFailure('s3', 'down'))).toEqual([3, 'done']);
    expect(await tries(new StepFailure('down'))).toEqual([3, 'done']);
    for (const error of [new StoreFailure('s3', 'gone', false), new StepFailure('gone', false), new Error('a bug')]) {
      expect(await tries(error)).toEqual([1, error]);
    }
  });

  it('ends with the last fault once it has tried often enough, or is stopped', async () => {
    const down = new StoreFailure('s3', 'down');
    let count = 0;
    const failing = patiently(PATIENCE, new AbortController().signal, () => Promise.reject((count++, down)));
    await expect(failing).rejects.toBe(down);
    expect(count).toBe(3);
    expect(await tries(down, AbortSignal.abort())).toEqual([1, down]);
  });
});
