import { RegistryFailure } from '../registry/registry-failure';
import type { Removal, RepositoryView } from '../registry/registry-client';

/** A registry as it is asked about tags, in memory: it removes images, and tags alone where it is told to. */
export class MemoryRegistry {
  /** Tag → digest, of each repository. */
  readonly repositories = new Map<string, Map<string, string>>();
  removesTags = false;
  removesImages = true;
  /** Takes the image where it is to take a tag. */
  takesTooMuch = false;
  down = false;
  readonly asked: string[] = [];

  set(repository: string, tags: Record<string, string>): void {
    this.repositories.set(repository, new Map(Object.entries(tags)));
  }

  tagsOf(repository: string): string[] {
    return [...(this.repositories.get(repository)?.keys() ?? [])];
  }

  open(repository: string): RepositoryView {
    const tags = this.repositories.get(repository) ?? new Map<string, string>();
    const ask = <T>(what: string, answer: () => T): Promise<T> => {
      this.asked.push(what);
      return this.down ? Promise.reject(new RegistryFailure('The registry is down', true)) : Promise.resolve(answer());
    };
    return {
      digestOf: (tag) => ask(`digest ${tag}`, () => tags.get(tag)),
      tags: () => ask('tags', () => [...tags.keys()]),
      remove: (reference) => ask(`remove ${reference}`, () => this.remove(tags, reference)),
    };
  }

  private remove(tags: Map<string, string>, reference: string): Removal {
    const isDigest = reference.startsWith('sha256:');
    if (isDigest ? !this.removesImages : !this.removesTags) return 'unsupported';
    const digest = isDigest || this.takesTooMuch ? (tags.get(reference) ?? reference) : undefined;
    const gone = [...tags].filter(([tag, one]) => (digest === undefined ? tag === reference : one === digest));
    for (const [tag] of gone) tags.delete(tag);
    return gone.length > 0 ? 'removed' : 'missing';
  }
}
