import { opsConfig } from '../../../../../test/support/ops-config';
import type { ContainerEngine } from '../containers/container-engine';
import { ImageKeeper } from './image-keeper';
import { BACKEND, digestOf, sampleImage } from './spec-support/samples';

describe('An image that is kept', () => {
  const underway = { signal: new AbortController().signal, progress: () => undefined };
  const image = sampleImage(BACKEND, 'a');

  /** @param pushed what the registry calls it once it is pushed again */
  function keeperOn(pushed: string, pulled: string[]): ImageKeeper {
    const engine = {
      push: () => Promise.resolve(pushed),
      pull: (reference: string) => Promise.resolve(void pulled.push(reference)),
      image: () => Promise.resolve({ id: image.id, digests: [], labels: {} }),
    };
    return new ImageKeeper(opsConfig({ attempts: 1 }), engine as unknown as ContainerEngine);
  }

  it('is known by the digest that it has under the snapshot’s tag: the one that it ran by may go from the registry', async () => {
    const pulled: string[] = [];
    const kept = await keeperOn(digestOf('b'), pulled).push('backend', image, 'backup-20261122-020000', underway);
    expect(kept).toEqual({ ...image, digest: digestOf('b') });
    expect(pulled).toEqual([`${BACKEND}@${digestOf('b')}`, `${BACKEND}:backup-20261122-020000`]);
  });
});
