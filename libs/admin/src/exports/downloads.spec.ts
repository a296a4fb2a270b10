import { Readable } from 'node:stream';
import { Downloads, DownloadLimits } from './downloads';
import { TooManyExports } from './exports.errors';

const MINUTE = 60_000;

describe('Downloads', () => {
  let downloads: Downloads;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    downloads = new Downloads(new DownloadLimits());
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** One that never ends by itself. */
  async function begin(): Promise<{ stream: Readable; error: () => string | undefined }> {
    let error: Error | undefined;
    const stream = await downloads.begin(() => Promise.resolve(new Readable({ read: () => undefined })));
    stream.on('error', (err) => (error = err));
    return { stream, error: () => error?.message };
  }
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('are three at once, and one more when one is closed or could not be opened', async () => {
    const [first] = [await begin(), await begin(), await begin()];
    await expect(begin()).rejects.toBeInstanceOf(TooManyExports);
    first.stream.destroy();
    await settled();
    const failure = new Error('No connection');
    await expect(downloads.begin(() => Promise.reject(failure))).rejects.toBe(failure);
    await begin();
    await expect(begin()).rejects.toBeInstanceOf(TooManyExports);
  });

  it('take half an hour at most', async () => {
    const [one, other] = [await begin(), await begin()];
    other.stream.push(null);
    other.stream.resume();
    await settled();
    await jest.advanceTimersByTimeAsync(30 * MINUTE - 1);
    expect(one.stream.destroyed).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await settled();
    expect([one.stream.destroyed, one.error(), other.error()]).toEqual([true, 'The download took too long', undefined]);
  });

  it('have fifteen seconds when the service stops', async () => {
    const { stream, error } = await begin();
    downloads.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(14_999);
    expect(stream.destroyed).toBe(false);
    // One that was being opened when the stop began.
    const late = await begin();
    await jest.advanceTimersByTimeAsync(1);
    await settled();
    expect([error(), late.error()]).toEqual(['The service stops', 'The service stops']);
  });
});
