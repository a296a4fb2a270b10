import type { PinnedImage, Release } from '../release';

export const REGISTRY = 'registry.example:5000/tip-top';

/** @param n tells one from another: one hexadecimal digit */
export function sampleImage(part: string, n = 'a'): PinnedImage {
  const id = part === 'backend' ? '1' : '2';
  return {
    repository: `${REGISTRY}/${part}`,
    digest: `sha256:${n.repeat(64)}`,
    id: `sha256:${(id + n).repeat(32)}`,
    version: '1.2.3',
    revision: n.repeat(40),
  };
}

export function sampleRelease(n = 'a', frontend: string | null = n): Release {
  return {
    backend: sampleImage('backend', n),
    frontend: frontend === null ? null : sampleImage('frontend', frontend),
  };
}
