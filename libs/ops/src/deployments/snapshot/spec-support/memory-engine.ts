import { StepFailure } from '../../../backups/backup-source';
import type { PinnedImageFacts } from '../../containers/image-facts';
import type { Underway } from '../../deployment-watch';
import type { MemoryRegistry } from './memory-registry';

/** An engine and what it pushes to, in memory: a digest in the registry is the id of its image. */
export class MemoryEngine {
  /** Names and ids of images → ids. */
  readonly names = new Map<string, string>();
  readonly done: string[] = [];
  /** Called before each call; throws what it is to fail with. */
  before: (call: string) => void = () => undefined;

  constructor(private readonly registry: MemoryRegistry) {}

  image(reference: string): Promise<PinnedImageFacts | undefined> {
    const id = this.names.get(reference);
    return Promise.resolve(id === undefined ? undefined : { id, digests: [], labels: {} });
  }

  tag(source: string, target: string): Promise<void> {
    return this.call(`tag ${target}`, () => {
      this.names.set(target, this.names.get(source) ?? missing(source));
    });
  }

  untag(reference: string, { signal }: Underway): Promise<void> {
    return this.call(`untag ${reference}`, () => {
      signal.throwIfAborted();
      this.names.delete(reference);
    });
  }

  push(reference: string): Promise<string> {
    return this.call(`push ${reference}`, () => {
      const [repository, tag] = parts(reference);
      const id = this.names.get(reference) ?? missing(reference);
      const tags = this.registry.repositories.get(repository) ?? new Map<string, string>();
      this.registry.repositories.set(repository, tags.set(tag, id));
      return id;
    });
  }

  pull(reference: string): Promise<string> {
    return this.call(`pull ${reference}`, () => {
      const [repository, tag] = parts(reference);
      const tags = this.registry.repositories.get(repository);
      const isKnown = [...(tags?.values() ?? [])].includes(tag);
      const id = reference.includes('@') ? (isKnown ? tag : undefined) : tags?.get(tag);
      this.names.set(reference, id ?? missing(reference));
      return id ?? '';
    });
  }

  private async call<T>(call: string, work: () => T): Promise<T> {
    await Promise.resolve();
    this.before(call);
    const result = work();
    this.done.push(call);
    return result;
  }
}

/** The repository, and the tag or the digest. */
function parts(reference: string): [string, string] {
  const at = reference.indexOf('@');
  if (at >= 0) return [reference.slice(0, at), reference.slice(at + 1)];
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}

function missing(reference: string): never {
  throw new StepFailure(`no such image: ${reference}`, false);
}
