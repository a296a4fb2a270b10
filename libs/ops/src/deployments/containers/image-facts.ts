import type { PinnedImage } from '../release';
import { isText, nonsense, parsed } from './container-facts';

/** An image that the engine has. */
export interface PinnedImageFacts {
  /** `sha256:…` */
  id: string;
  /** What registries call it: `registry.example/backend@sha256:…`. */
  digests: readonly string[];
  labels: Readonly<Record<string, string>>;
}

const VERSION = 'org.opencontainers.image.version';
const REVISION = 'org.opencontainers.image.revision';

/**
 * @param text of `docker image inspect`
 * @throws StepFailure for what is none
 */
export function parseImage(text: string): PinnedImageFacts {
  const list = parsed(text) as
    [{ Id?: unknown; RepoDigests?: unknown; Config?: { Labels?: unknown } | null } | null] | undefined;
  const { Id, RepoDigests, Config } = list?.[0] ?? {};
  if (!isText(Id)) throw nonsense('an image');
  const labels = Object.entries(Config?.Labels ?? {}).filter((entry): entry is [string, string] => isText(entry[1]));
  return {
    id: Id,
    digests: Array.isArray(RepoDigests) ? RepoDigests.filter(isText) : [],
    labels: Object.fromEntries(labels),
  };
}

/**
 * What exactly this repository calls an image: others may hold it by another digest. It may have several there, of the same
 * image written down in different ways; any of them brings it back.
 * @param repository with the registry's address, without tag
 */
export function digestIn({ digests }: Pick<PinnedImageFacts, 'digests'>, repository: string): string | undefined {
  const prefix = `${repository}@`;
  return digests.find((digest) => digest.startsWith(prefix))?.slice(prefix.length);
}

/** @param digest what the registry has just told; otherwise what the engine remembers. @returns undefined without any */
export function pinnedImage(
  repository: string,
  facts: PinnedImageFacts,
  digest = digestIn(facts, repository),
): PinnedImage | undefined {
  if (digest === undefined) return undefined;
  const { id, labels } = facts;
  return { repository, digest, id, version: labels[VERSION] ?? null, revision: labels[REVISION] ?? null };
}
