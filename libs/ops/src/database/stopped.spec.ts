import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from '../backups/backup-source';
import { stopped, together, within } from './stopped';

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('cut short'));
    });
  });

describe('Why work was cut short', () => {
  it('is its time, the run’s end, or what failed beside it', async () => {
    const timed = within(new AbortController().signal, 0.02);
    await sleep(60);
    expect(timed.aborted).toBe(true);
    expect(stopped(timed, 'dumping')).toMatchObject({
      message: 'dumping: it took longer than a step may',
      mayPass: true,
    });

    const controller = new AbortController();
    const running = within(controller.signal, 60);
    expect(running.aborted).toBe(false);
    controller.abort();
    expect(stopped(running, 'dumping')).toMatchObject({ message: 'dumping: the run stops', mayPass: false });

    const beside = new StepFailure('counting: no');
    expect(stopped(AbortSignal.abort(beside), 'dumping')).toBe(beside);
  });
});

describe('Two things at once', () => {
  const { signal } = new AbortController();

  it('have both their results', async () => {
    const done = await together(
      signal,
      () => Promise.resolve(1),
      () => sleep(10).then(() => 'two'),
    );
    expect(done).toEqual([1, 'two']);
  });

  it.each(['first', 'second'])('end with the failure of the %s, once the other one has ended', async (which) => {
    let otherEnded = false;
    const fails = async (): Promise<never> => {
      await sleep(10);
      throw new Error('it');
    };
    const goesOn = async (shared: AbortSignal): Promise<void> => {
      await never(shared).catch(() => undefined);
      await sleep(30);
      otherEnded = true;
      throw new Error('cut short');
    };
    const work = which === 'first' ? together(signal, fails, goesOn) : together(signal, goesOn, fails);
    await expect(work).rejects.toThrow('it');
    expect(otherEnded).toBe(true);
  });

  it('end with the run', async () => {
    const controller = new AbortController();
    const work = together(controller.signal, never, never);
    controller.abort();
    await expect(work).rejects.toThrow('cut short');
  });
});
