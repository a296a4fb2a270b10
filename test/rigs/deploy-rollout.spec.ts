import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Release } from '../../libs/ops/src/deployments/release';
import { ask, whileAsking } from './support/rollout/asking-client';
import { RollOutStage } from './support/rollout/rollout-stage';
import '../support/one-realm';

const MINUTE = 60_000;

describe('A release that is rolled out', () => {
  let stage: RollOutStage;
  let one: Release;
  let two: Release;

  beforeAll(async () => {
    stage = await RollOutStage.start();
    one = await stage.release('one');
    two = await stage.release('two');
    const first = await stage.switchTo(one);
    expect(first.manner).toBe('recreate');
    await first.accept(stage.underway);
    await expect(stage.answering()).resolves.toBe('one');
  }, 8 * MINUTE);
  afterAll(() => stage.stop(), MINUTE);

  /** That all is in order, and of one release. */
  async function expectServed(release: Release): Promise<void> {
    const version = release.backend.version!;
    await expect(stage.answering()).resolves.toBe(version);
    for (const [service, image] of [
      ['api', release.backend],
      ['ops', release.backend],
      ['frontend', release.frontend!],
    ] as const) {
      expect({ service, containers: await stage.containers(service) }).toEqual({
        service,
        containers: [{ name: expect.not.stringContaining('ended') as string, image: image.id }],
      });
    }
    await expect(stage.files.images()).resolves.toEqual(release);
    await expect(stage.files.routes()).resolves.toEqual({ release, hosts: { api: 'api', frontend: 'frontend' } });
    await expect(stage.rollOut.current(stage.underway)).resolves.toEqual(release);
    // There is nothing left to be done.
    const { done, warnings, answers } = await stage.rollOut.settle(stage.underway);
    expect({ done, warnings, answers }).toEqual({ done: [], warnings: [], answers: true });
  }

  it(
    'is not there at first, and then is',
    async () => {
      await expectServed(one);
    },
    MINUTE,
  );

  it(
    'takes over without a failed request, a slow one that was under way included',
    async () => {
      const { value, asked } = await whileAsking(stage.url, async () => {
        const slow: Promise<string>[] = [];
        const timer = setInterval(() => slow.push(ask(`${stage.url}/slow`)), 500);
        const switched = await stage.switchTo(two);
        await expect(ask(stage.url)).resolves.toMatch(/^two /);
        const beside = await stage.containers('api');
        const warnings = await switched.accept(stage.underway);
        clearInterval(timer);
        return { beside, warnings, manner: switched.manner, slow: await Promise.all(slow) };
      });
      expect(asked).toMatchObject({ failures: [], releases: ['one', 'two'] });
      expect(asked.requests).toBeGreaterThan(100);
      expect(value).toMatchObject({ manner: 'rolling', warnings: [] });
      expect(value.beside.map(({ image }) => image)).toEqual([one.backend.id, two.backend.id]);
      expect(value.slow.length).toBeGreaterThan(5);
      await expectServed(two);
      process.stderr.write(`good switch: ${asked.requests} requests, ${value.slow.length} slow ones, 0 failed\n`);
    },
    3 * MINUTE,
  );

  it(
    'goes back without a failed request',
    async () => {
      const { asked } = await whileAsking(stage.url, async () => {
        const switched = await stage.switchTo(one);
        await expect(ask(stage.url)).resolves.toMatch(/^one /);
        await switched.revert(stage.underway);
      });
      expect(asked).toMatchObject({ failures: [], releases: ['two', 'one'] });
      await expectServed(two);
      process.stderr.write(`revert: ${asked.requests} requests, 0 failed\n`);
    },
    3 * MINUTE,
  );

  it.each(['sick', 'crash'])(
    'that never gets healthy gets no request, and goes: %s',
    async (name) => {
      const bad = await stage.release(`${name}-1`);
      const { value, asked } = await whileAsking(stage.url, async () =>
        stage.switchTo(bad).then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      expect(asked).toMatchObject({ failures: [], releases: ['two'] });
      const message = {
        sick: /is unhealthy; it said: sick-1 listens/,
        crash: /ended(?: with 7|, and was started again by the engine); it said: .*password is \[redacted\]/,
      };
      expect(value).toMatchObject({
        name: 'StepFailure',
        mayPass: false,
        message: expect.stringMatching(message[name as 'sick' | 'crash']) as string,
      });
      await expectServed(two);
      process.stderr.write(`${name}: ${asked.requests} requests, 0 failed\n`);
    },
    3 * MINUTE,
  );

  it(
    'is left where the deployment is stopped on the way',
    async () => {
      const stop = new AbortController();
      const progress = (text: string): void => {
        if (text.startsWith('waiting for the_api')) stop.abort(new Error('SIGTERM'));
      };
      const { value, asked } = await whileAsking(stage.url, async () => {
        await stage.rollOut.stage(one, stage.underway);
        return stage.rollOut.switchTo(one, { signal: stop.signal, progress }).then(
          () => undefined,
          (error: unknown) => error,
        );
      });
      expect(value).toMatchObject({
        name: 'StepFailure',
        message: expect.stringMatching(/: the run stops$/) as string,
      });
      expect(asked).toMatchObject({ failures: [], releases: ['two'] });
      await expectServed(two);
    },
    3 * MINUTE,
  );

  it(
    'brings its frontend with it where that is another one',
    async () => {
      const next = await stage.release('two', 'site-2');
      const { asked } = await whileAsking(`${stage.url}/site`, async () => {
        const switched = await stage.switchTo(next);
        await switched.accept(stage.underway);
      });
      expect(asked).toMatchObject({ failures: [], releases: ['site-1', 'site-2'] });
      await expectServed(next);
      await (await stage.switchTo(two)).accept(stage.underway);
    },
    3 * MINUTE,
  );

  it(
    'is of the same image with other settings',
    async () => {
      const path = join(stage.folder, 'docker-compose.prod.yml');
      const text = await readFile(path, 'utf8');
      const [before] = await stage.containers('api');
      await writeFile(path, text.replace('1500', '1000'));
      const { asked } = await whileAsking(stage.url, async () => {
        const switched = await stage.switchTo(two);
        await switched.accept(stage.underway);
      });
      expect(asked.failures).toEqual([]);
      const [after] = await stage.containers('api');
      expect(after!.name).not.toBe(before!.name);
      await expect(stage.docker.docker('exec', after!.name, 'printenv', 'BOOT_MS')).resolves.toBe('1000');
      await expectServed(two);
    },
    3 * MINUTE,
  );

  it(
    'does not get a request where nginx does not understand its configuration; the old one answers',
    async () => {
      const path = join(stage.folder, 'deploy/nginx/nginx.conf');
      const text = await readFile(path, 'utf8');
      const { value, asked } = await whileAsking(stage.url, async () => {
        await writeFile(path, text.replace('listen 80;', 'listen 80; nonsense;'));
        return stage.switchTo(one).then(
          () => undefined,
          (error: unknown) => error,
        );
      });
      expect(value).toMatchObject({ name: 'StepFailure', message: expect.stringMatching(/"nonsense"/) as string });
      expect(asked).toMatchObject({ failures: [], releases: ['two'] });
      await writeFile(path, text);
      await stage.rollOut.settle(stage.underway);
      await expectServed(two);
    },
    3 * MINUTE,
  );

  it(
    'migrates in a container of its own, which goes, whatever comes of it',
    async () => {
      await stage.rollOut.stage(one, stage.underway);
      await expect(stage.rollOut.migrate(stage.underway)).resolves.toBe('one: migrate up');
      const bad = await stage.release('un-unmigratable');
      await stage.rollOut.stage(bad, stage.underway);
      await expect(stage.rollOut.migrate(stage.underway)).rejects.toThrow(/tiptop migrate up: .* no way/);
      await stage.rollOut.settle(stage.underway);
      await expectServed(two);
    },
    2 * MINUTE,
  );

  describe('and whose roll-out is killed', () => {
    it.each([
      ['before the old one is pinned', { before: 'nginx -t', nth: 1 }, 'old'],
      ['while the new container starts', { after: '--scale', before: 'inspect', nth: 4 }, 'old'],
      ['when nginx was to be told of it', { before: 'nginx -t', nth: 2 }, 'new'],
      ['before the old container is removed', { before: 'rm --force', nth: 1 }, 'new'],
      ['before nginx is told of the service again', { before: 'nginx -t', nth: 4 }, 'new'],
    ] as const)(
      '%s: is put in order',
      async (_when, kill, which) => {
        const [from, to] = [(await stage.rollOut.current(stage.underway))!, two];
        const target = from.backend.id === to.backend.id ? one : two;
        const { asked } = await whileAsking(stage.url, async () => {
          await stage.dieOnTheWayTo(target, kill);
          const { done } = await stage.rollOut.settle(stage.underway);
          expect(done).not.toEqual([]);
        });
        expect(asked.failures).toEqual([]);
        await expectServed(which === 'old' ? from : target);
      },
      2 * MINUTE,
    );

    it(
      'in the middle of a migration: leaves no container of it',
      async () => {
        const served = (await stage.rollOut.current(stage.underway))!;
        await stage.docker.docker(
          ...['run', '--detach', '--init', '--label', 'com.docker.compose.oneoff=True'],
          ...['--label', 'com.docker.compose.project=the', '--label', 'com.docker.compose.service=ops'],
          ...['tiptop-rig/service', 'sleep', '600'],
        );
        const { done } = await stage.rollOut.settle(stage.underway);
        expect(done).toEqual([expect.stringMatching(/which a command was run in/)]);
        await expectServed(served);
      },
      MINUTE,
    );
  });

  describe('in the place of the old one', () => {
    const settings = { DEPLOY_SWITCH: 'recreate' };

    it(
      'answers after an interruption, and goes back',
      async () => {
        const from = (await stage.rollOut.current(stage.underway))!;
        const target = from.backend.id === one.backend.id ? two : one;
        const { rollOut } = stage.parts(settings);
        const switched = await stage.switchTo(target, rollOut);
        expect(switched.manner).toBe('recreate');
        await expectServed(target);
        await switched.revert(stage.underway);
        await expectServed(from);
      },
      3 * MINUTE,
    );

    it.each([
      ['before its containers are started', { before: '--force-recreate', nth: 1 }, 'old'],
      ['when nginx was to be told', { before: 'nginx -t', nth: 1 }, 'new'],
    ] as const)(
      'is put in order where it is killed %s',
      async (_when, kill, which) => {
        const from = (await stage.rollOut.current(stage.underway))!;
        const target = from.backend.id === one.backend.id ? two : one;
        await stage.dieOnTheWayTo(target, kill, settings);
        await stage.rollOut.settle(stage.underway);
        await expectServed(which === 'old' ? from : target);
      },
      3 * MINUTE,
    );
  });
});
