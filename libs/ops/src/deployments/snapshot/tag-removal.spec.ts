import type { RegistryClient } from './registry/registry-client';
import { MemoryRegistry } from './spec-support/memory-registry';
import { BACKEND, digestOf } from './spec-support/samples';
import { TagRemoval } from './tag-removal';

const OLD = 'backup-20261101-020000';
const OLDER = 'backup-20261031-020000';
const { signal } = new AbortController();

describe('A snapshot’s tag in the registry', () => {
  let registry: MemoryRegistry;

  beforeEach(() => {
    registry = new MemoryRegistry();
  });

  /** @returns what became of each tag, and why it is not gone */
  async function remove(due: Record<string, string>, kept: string[] = []): Promise<Record<string, string>> {
    const removal = new TagRemoval(registry as unknown as RegistryClient);
    const tags = Object.entries(due).map(([tag, digest]) => ({ tag, digest, repository: BACKEND }));
    const verdicts = await removal.remove(BACKEND, tags, new Set(kept), signal);
    return Object.fromEntries(
      verdicts.map(({ tag, outcome, why }) => [tag, why === '' ? outcome : `${outcome}: ${why}`]),
    );
  }

  it('goes with its image where nothing else names that', async () => {
    registry.set(BACKEND, { [OLD]: digestOf('a'), 'prod-latest': digestOf('b') });
    expect(await remove({ [OLD]: digestOf('a') })).toEqual({ [OLD]: 'gone' });
    expect(registry.tagsOf(BACKEND)).toEqual(['prod-latest']);
    expect(registry.asked.filter((what) => what.startsWith('remove'))).toEqual([`remove ${digestOf('a')}`]);
  });

  it('stays where another tag names the same image, and the registry removes no tag alone', async () => {
    registry.set(BACKEND, { [OLD]: digestOf('a'), 'prod-1': digestOf('a'), '1.0.0': digestOf('a') });
    expect(await remove({ [OLD]: digestOf('a') })).toEqual({
      [OLD]: 'stays: prod-1, 1.0.0 name the same image, and the registry removes no tag alone',
    });
    expect(registry.tagsOf(BACKEND)).toEqual([OLD, 'prod-1', '1.0.0']);
  });

  it('goes alone where the registry does that', async () => {
    registry.removesTags = true;
    registry.set(BACKEND, { [OLD]: digestOf('a'), 'prod-1': digestOf('a') });
    expect(await remove({ [OLD]: digestOf('a') })).toEqual({ [OLD]: 'gone' });
    expect(registry.tagsOf(BACKEND)).toEqual(['prod-1']);
  });

  it('is told of loudly where the registry takes more than that', async () => {
    registry.removesTags = registry.takesTooMuch = true;
    registry.set(BACKEND, { [OLD]: digestOf('a'), 'prod-1': digestOf('a') });
    await expect(remove({ [OLD]: digestOf('a') })).rejects.toThrow(/has taken prod-1 with it: push that again/);
  });

  it('waits where its image is one that is kept, whatever the registry can do', async () => {
    registry.removesTags = true;
    registry.set(BACKEND, { [OLD]: digestOf('a') });
    expect(await remove({ [OLD]: digestOf('a') }, [digestOf('a')])).toEqual({
      [OLD]: 'waits: its image is one that is kept',
    });
    expect(registry.asked).toEqual([`digest ${OLD}`]);
  });

  it('goes together with others that are due and name the same image', async () => {
    registry.set(BACKEND, { [OLD]: digestOf('a'), [OLDER]: digestOf('a'), 'prod-latest': digestOf('b') });
    expect(await remove({ [OLD]: digestOf('a'), [OLDER]: digestOf('a') })).toEqual({ [OLD]: 'gone', [OLDER]: 'gone' });
    expect(registry.tagsOf(BACKEND)).toEqual(['prod-latest']);
  });

  it('stays where it names another image by now, and is gone where it is not there', async () => {
    registry.set(BACKEND, { [OLD]: digestOf('c') });
    expect(await remove({ [OLD]: digestOf('a'), [OLDER]: digestOf('a') })).toEqual({
      [OLD]: 'stays: it names another image than the snapshot’s',
      [OLDER]: 'gone',
    });
    expect(registry.tagsOf(BACKEND)).toEqual([OLD]);
  });

  it('stays where the registry takes no removals', async () => {
    registry.removesImages = false;
    registry.set(BACKEND, { [OLD]: digestOf('a') });
    expect(await remove({ [OLD]: digestOf('a') })).toEqual({ [OLD]: 'stays: the registry takes no removals' });
  });
});
