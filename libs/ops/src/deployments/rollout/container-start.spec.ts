import { HiddenWords } from '../../alerts/hidden-words';
import type { ContainerEngine, ContainerFacts } from '../containers/container-engine';
import { ContainerStart } from './container-start';
import type { ReleaseFiles } from './release-files';

const patience = { healthy: 1, running: 0.6, grace: 1, turn: 1, repair: 1 };
const ONE = { id: 'a', name: 'the_api_2' };

function startOf(...looks: (Partial<ContainerFacts> | undefined)[]) {
  const left = [...looks];
  const engine = {
    container: async () => {
      const look = left.length > 1 ? left.shift() : left[0];
      return Promise.resolve(look && { running: true, health: null, restarts: 0, exitCode: 0, ...ONE, ...look });
    },
    logs: async () => Promise.resolve('the password is of-the-rig'),
  } as unknown as ContainerEngine;
  const files = { secrets: async () => Promise.resolve(new HiddenWords(['of-the-rig'])) } as unknown as ReleaseFiles;
  return new ContainerStart(engine, files, patience);
}

describe('A container that comes up', () => {
  const stop = new AbortController();
  const u = { signal: stop.signal, progress: () => undefined };

  it('is good once its healthcheck says so', async () => {
    await expect(startOf({ health: 'starting' }, { health: 'healthy' }).good(ONE, u)).resolves.toBeUndefined();
  });

  it('is good once it has run for a while where it has no healthcheck', async () => {
    const before = performance.now();
    await startOf({}).good(ONE, u);
    expect(performance.now() - before).toBeGreaterThan(600);
  });

  it.each([
    [{ health: 'unhealthy' }, 'the_api_2 is unhealthy'],
    [{ running: false, exitCode: 7, health: 'unhealthy' }, 'the_api_2 ended with 7'],
    [{ running: false, restarts: 1, exitCode: 137 }, 'the_api_2 ended with 137'],
    [{ restarts: 1 }, 'the_api_2 ended, and was started again by the engine'],
    [{ health: 'starting' }, 'the_api_2 was not healthy after 1 s'],
  ] as const)('is no good: %j', async (look, fault) => {
    await expect(startOf({ health: 'starting' }, look).good(ONE, u)).rejects.toMatchObject({
      message: `${fault}; it said: the password is [redacted]`,
      mayPass: false,
    });
  });

  it('is no good where somebody removes it', async () => {
    await expect(startOf({ health: 'starting' }, undefined).good(ONE, u)).rejects.toThrow(/was removed/);
  });

  it('is not waited for where the deployment stops', async () => {
    const waiting = startOf({ health: 'starting' }).good(ONE, u);
    stop.abort(new Error('SIGTERM'));
    await expect(waiting).rejects.toMatchObject({ message: 'waiting for the_api_2: the run stops' });
  });
});
