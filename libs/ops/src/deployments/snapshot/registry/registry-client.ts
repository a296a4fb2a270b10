import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { DockerLogins } from './docker-logins';
import { RegistryFailure } from './registry-failure';
import type { RegistryAnswer } from './registry-request';
import { LIMIT_MS, RegistrySession } from './registry-session';
import { RegistryTrust } from './registry-trust';
import { parseRepository } from './repository-name';

/** All that a tag may name: a registry gives out another digest where it has to convert. */
const MANIFESTS = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ');
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const PAGE = 1000;
/** Who has more has to clear up by other means. */
const MOST_PAGES = 20;

/** What came of a removal. `unsupported`: the registry takes none, or none like this. */
export type Removal = 'removed' | 'missing' | 'unsupported';

/** What a registry is asked of one repository. */
export interface RepositoryView {
  /** @returns undefined where there is no such tag */
  digestOf(tag: string): Promise<string | undefined>;
  tags(): Promise<string[]>;
  /** @param reference a digest, which takes all its tags with it, or a tag, which not every registry does */
  remove(reference: string): Promise<Removal>;
}

/** Asks registries about tags: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. */
@Injectable()
export class RegistryClient {
  private readonly logins: DockerLogins;
  /** Milliseconds for one question. */
  protected readonly limitMs: number = LIMIT_MS;

  constructor(
    { ops }: AppConfig,
    private readonly trust: RegistryTrust,
  ) {
    this.logins = new DockerLogins(ops.deploy.dockerConfig);
  }

  /** @param repository `registry.example:5000/backend`; every question throws RegistryFailure */
  open(repository: string, signal: AbortSignal): RepositoryView {
    const session = new RegistrySession(parseRepository(repository), this.trust, this.logins, signal, this.limitMs);
    return {
      digestOf: async (tag) => digestOf(session, tag),
      tags: async () => tagsOf(session),
      remove: async (reference) => remove(session, reference),
    };
  }
}

async function digestOf(session: RegistrySession, tag: string): Promise<string | undefined> {
  const answer = await session.ask('HEAD', `manifests/${tag}`, { accept: MANIFESTS });
  if (answer.status === 404) return undefined;
  const digest = answer.headers['docker-content-digest'];
  if (answer.status !== 200 || typeof digest !== 'string' || !DIGEST.test(digest)) throw nonsense(session, answer);
  return digest;
}

async function tagsOf(session: RegistrySession): Promise<string[]> {
  const tags: string[] = [];
  let path: string | undefined = `tags/list?n=${PAGE}`;
  for (let page = 0; path !== undefined; page++) {
    if (page === MOST_PAGES) {
      throw new RegistryFailure(
        `The registry ${session.host} has more than ${tags.length} tags of one repository`,
        false,
      );
    }
    const answer: RegistryAnswer = await session.ask('GET', path);
    if (answer.status === 404) return tags;
    if (answer.status !== 200) throw nonsense(session, answer);
    tags.push(...tagsIn(session, answer));
    const next = /<([^>]+)>\s*;\s*rel="?next"?/i.exec(linkOf(answer))?.[1];
    // Of the address only what is asked for is taken: where the registry is, is known.
    path = next === undefined ? undefined : `tags/list${new URL(next, 'http://registry').search}`;
  }
  return tags;
}

async function remove(session: RegistrySession, reference: string): Promise<Removal> {
  const answer = await session.ask('DELETE', `manifests/${reference}`);
  if (answer.status >= 200 && answer.status < 300) return 'removed';
  if (answer.status === 404) return 'missing';
  if (answer.status === 405 || answer.status === 400) return 'unsupported';
  throw nonsense(session, answer);
}

function tagsIn(session: RegistrySession, answer: RegistryAnswer): string[] {
  try {
    const { tags } = JSON.parse(answer.body) as { tags?: unknown };
    // A repository whose tags are all gone has null of them.
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  } catch {
    // See below.
  }
  throw nonsense(session, answer);
}

function linkOf({ headers }: RegistryAnswer): string {
  return [headers.link ?? ''].flat().join(', ');
}

function nonsense({ host }: RegistrySession, { status }: RegistryAnswer): RegistryFailure {
  return new RegistryFailure(`The registry ${host} answers ${status} with something that makes no sense`, false);
}
