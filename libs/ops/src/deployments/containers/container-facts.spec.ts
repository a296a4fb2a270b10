import { parseContainers } from './container-facts';
import { digestIn, parseImage, pinnedImage } from './image-facts';

const ID = 'c'.repeat(64);
const IMAGE = `sha256:${'1'.repeat(64)}`;
const DIGEST = `sha256:${'d'.repeat(64)}`;

function container(changes: object = {}): string {
  const one = {
    Id: ID,
    Name: '/the_api_2',
    Image: IMAGE,
    Created: '2026-11-23T05:00:00.5Z',
    RestartCount: 0,
    Config: { Image: `registry.example/backend@${DIGEST}` },
    State: { Running: true, Restarting: false, ExitCode: 0, Health: { Status: 'healthy' } },
    HostConfig: { Memory: 1024 },
    ...changes,
  };
  return JSON.stringify([one]);
}

describe('A container as the engine tells of it', () => {
  it('has a name without the slash, an image, and its health', () => {
    expect(parseContainers(container())).toEqual([
      {
        id: ID,
        name: 'the_api_2',
        imageId: IMAGE,
        image: `registry.example/backend@${DIGEST}`,
        running: true,
        health: 'healthy',
        createdAt: new Date('2026-11-23T05:00:00.500Z'),
        restarts: 0,
        exitCode: 0,
        memoryLimit: 1024,
      },
    ]);
  });

  it('does not run while it waits for being started again', () => {
    const state = { Running: true, Restarting: true, ExitCode: 7 };
    const [one] = parseContainers(container({ State: state, RestartCount: 3 }));
    expect(one).toMatchObject({ running: false, health: null, restarts: 3, exitCode: 7 });
  });

  it('has no health where it has no healthcheck', () => {
    const [one] = parseContainers(container({ State: { Running: true, Health: { Status: 'none' } } }));
    expect(one).toMatchObject({ running: true, health: null });
  });

  it.each([['{}'], ['[null]'], ['no JSON'], [container({ Created: 'yesterday' })], [container({ Image: 7 })]])(
    'is refused where it makes no sense: %s',
    (text) => {
      expect(() => parseContainers(text)).toThrow(/makes no sense/);
    },
  );
});

describe('An image as the engine tells of it', () => {
  const facts = {
    id: IMAGE,
    digests: [
      `registry.example/backend-old@sha256:${'e'.repeat(64)}`,
      `other.example/backend@sha256:${'f'.repeat(64)}`,
      `registry.example/backend@${DIGEST}`,
    ],
    labels: { 'org.opencontainers.image.version': '1.2.3' },
  };

  it('has digests, and those labels that are texts', () => {
    const text = JSON.stringify([{ Id: IMAGE, RepoDigests: ['a@b', 7], Config: { Labels: { one: 'x', two: 2 } } }]);
    expect(parseImage(text)).toEqual({ id: IMAGE, digests: ['a@b'], labels: { one: 'x' } });
    expect(parseImage(JSON.stringify([{ Id: IMAGE, RepoDigests: null, Config: null }]))).toEqual({
      id: IMAGE,
      digests: [],
      labels: {},
    });
    expect(() => parseImage('[]')).toThrow(/makes no sense/);
  });

  it('is called by the digest of exactly the repository', () => {
    expect(digestIn(facts, 'registry.example/backend')).toBe(DIGEST);
    expect(digestIn(facts, 'registry.example/back')).toBeUndefined();
    expect(digestIn(facts, 'backend')).toBeUndefined();
  });

  it('is pinned by what the registry has just told, or by what the engine remembers', () => {
    const repository = 'registry.example/backend';
    const pinned = { repository, digest: DIGEST, id: IMAGE, version: '1.2.3', revision: null };
    expect(pinnedImage(repository, facts)).toEqual(pinned);
    const told = `sha256:${'9'.repeat(64)}`;
    expect(pinnedImage(repository, facts, told)).toEqual({ ...pinned, digest: told });
    expect(pinnedImage('nowhere.example/backend', facts)).toBeUndefined();
  });
});
