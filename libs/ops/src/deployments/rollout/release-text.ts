import type { PinnedImage, Release } from '../release';

/** A release in one line, after this, in a comment of a file that somebody else reads. */
const MARK = '# release ';
const SHA256 = /^sha256:[0-9a-f]{64}$/;
const REPOSITORY = /^[a-z0-9][A-Za-z0-9.:/_-]*$/;

export function releaseLine(release: Release): string {
  return `${MARK}${JSON.stringify(release)}`;
}

/** @returns undefined where the text has no such line, or one that is not whole */
export function releaseIn(text: string): Release | undefined {
  const line = text.split('\n').find((one) => one.startsWith(MARK));
  if (line === undefined) return undefined;
  try {
    const { backend, frontend } = Object(JSON.parse(line.slice(MARK.length))) as Record<string, unknown>;
    const served = imageOf(backend);
    const site = frontend === null ? null : imageOf(frontend);
    return served === undefined || site === undefined ? undefined : { backend: served, frontend: site };
  } catch {
    return undefined;
  }
}

function imageOf(value: unknown): PinnedImage | undefined {
  const { repository, digest, id, version, revision } = Object(value) as Record<string, unknown>;
  if (!fits(repository, REPOSITORY) || !fits(digest, SHA256) || !fits(id, SHA256)) return undefined;
  return { repository, digest, id, version: textOf(version), revision: textOf(revision) };
}

function fits(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
