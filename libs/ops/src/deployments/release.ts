/** An image that a registry holds, by what never changes. */
export interface PinnedImage {
  /** With the registry's address, without tag: `registry.example:5000/backend`. */
  repository: string;
  /** Of its manifest in the registry: `sha256:…`. */
  digest: string;
  /** Of its configuration in the engine: `sha256:…`. */
  id: string;
  /** Labels `org.opencontainers.image.version` and `.revision`. */
  version: string | null;
  revision: string | null;
}

/** The images that an environment serves, or shall serve. */
export interface Release {
  backend: PinnedImage;
  /** Null where the environment has no frontend. */
  frontend: PinnedImage | null;
}

export const RELEASE_PARTS = ['backend', 'frontend'] as const;
export type ReleasePart = (typeof RELEASE_PARTS)[number];

/** As compose and `docker pull` take it: `registry.example:5000/backend@sha256:…`. */
export function referenceOf({ repository, digest }: Pick<PinnedImage, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`;
}

/** Whether both are the same images, whatever they were called. */
export function isSameRelease(one: Release, other: Release): boolean {
  return RELEASE_PARTS.every((part) => one[part]?.digest === other[part]?.digest);
}
