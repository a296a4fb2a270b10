import { Injectable } from '@nestjs/common';
import { RegistryClient, type RepositoryView } from './registry/registry-client';
import { StepFailure } from '../../backups/backup-source';
import type { NamedImage } from './snapshot-files';

/** A tag of a snapshot that is none any more. */
export interface DueTag extends NamedImage {
  tag: string;
}

/**
 * What became of a tag. `gone`: it is not there, now. `waits`: another snapshot holds the same image; it goes with that one.
 * `stays`: the registry does not let it go.
 */
export interface TagVerdict {
  tag: string;
  repository: string;
  outcome: 'gone' | 'waits' | 'stays';
  /** For a person, where it is not gone. */
  why: string;
}

/** So many tags are looked up at once. */
const AT_ONCE = 8;

/**
 * Takes tags of snapshots out of the registry. A registry removes by the digest, and with it every tag that names the same
 * image: so that is done only where all of those are due. Otherwise the tag alone is to be removed, which not every registry
 * knows how to.
 */
@Injectable()
export class TagRemoval {
  constructor(private readonly client: RegistryClient) {}

  /**
   * @param due of one repository
   * @param kept digests of the repository that something relies on
   * @throws RegistryFailure where the registry can't be asked; what is gone by then is gone
   */
  async remove(
    repository: string,
    due: readonly DueTag[],
    kept: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<TagVerdict[]> {
    const view = this.client.open(repository, signal);
    const digests = await lookUp(
      view,
      due.map(({ tag }) => tag),
    );
    const verdicts: TagVerdict[] = [];
    const tell = (tag: string, outcome: TagVerdict['outcome'], why = ''): void => {
      verdicts.push({ tag, repository, outcome, why });
    };
    const byDigest = new Map<string, string[]>();
    for (const { tag, digest } of due) {
      const there = digests.get(tag);
      if (there === undefined) tell(tag, 'gone');
      else if (there !== digest) tell(tag, 'stays', 'it names another image than the snapshot’s');
      else if (kept.has(digest)) tell(tag, 'waits', 'its image is one that is kept');
      else byDigest.set(digest, [...(byDigest.get(digest) ?? []), tag]);
    }
    if (byDigest.size === 0) return verdicts;
    const all = await allTags(view);
    for (const [digest, tags] of byDigest) {
      const others = [...all].filter(([tag, one]) => one === digest && !tags.includes(tag)).map(([tag]) => tag);
      const why = others.length === 0 ? await removeImage(view, digest) : await removeNames(view, digest, tags, others);
      for (const tag of tags) {
        if (why === undefined) tell(tag, 'gone');
        else tell(tag, 'stays', why);
      }
    }
    return verdicts;
  }
}

/** @returns why it stays */
async function removeImage(view: RepositoryView, digest: string): Promise<string | undefined> {
  return (await view.remove(digest)) === 'unsupported' ? 'the registry takes no removals' : undefined;
}

/** @returns why they stay */
async function removeNames(
  view: RepositoryView,
  digest: string,
  tags: readonly string[],
  others: readonly string[],
): Promise<string | undefined> {
  for (const tag of tags) {
    if ((await view.remove(tag)) === 'unsupported') {
      const shown = others.slice(0, 3).join(', ') + (others.length > 3 ? ' …' : '');
      return `${shown} ${others.length > 1 ? 'name' : 'names'} the same image, and the registry removes no tag alone`;
    }
    const [other = ''] = others;
    if ((await view.digestOf(other)) !== digest) {
      const message = `The registry was to remove the tag ${tag} alone, and has taken ${other} with it: push that again`;
      throw new StepFailure(message, false);
    }
    if ((await view.digestOf(tag)) !== undefined) return 'the registry has removed it, as it says, and has it still';
  }
  return undefined;
}

async function allTags(view: RepositoryView): Promise<Map<string, string>> {
  return lookUp(view, await view.tags());
}

/** @returns the digests of those that are there */
async function lookUp(view: RepositoryView, tags: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let n = 0; n < tags.length; n += AT_ONCE) {
    const some = tags.slice(n, n + AT_ONCE);
    const digests = await Promise.all(some.map(async (tag) => view.digestOf(tag)));
    for (const [m, tag] of some.entries()) {
      const digest = digests[m];
      if (digest !== undefined) found.set(tag, digest);
    }
  }
  return found;
}
