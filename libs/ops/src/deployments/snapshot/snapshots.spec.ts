import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StepFailure } from '../../backups/backup-source';
import { BACKEND, digestOf, FRONTEND, sampleRelease } from './spec-support/samples';
import { FILES, NOW, SnapshotBench, TAG } from './spec-support/snapshot-bench';

describe('A snapshot', () => {
  let bench: SnapshotBench;

  beforeEach(async () => {
    bench = await SnapshotBench.set();
  });
  afterEach(async () => {
    await bench.clear();
  });

  const folder = (tag = TAG): string => join(bench.home, 'snapshots', tag);
  const folders = (): Promise<string[]> => readdir(join(bench.home, 'snapshots'));
  const localTags = (): string[] => [...bench.engine.names.keys()].filter((name) => name.includes(':backup-'));

  /** There is none, nothing of it is left, and the message names what is missing. */
  async function expectRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
    const failure = await work.then(
      () => new Error('It was taken'),
      (error: unknown) => error as StepFailure,
    );
    expect(failure).toMatchObject({ name: 'StepFailure', mayPass: false });
    expect(failure.message).toMatch(message);
    expect(failure.message).toMatch(new RegExp(`^The snapshot ${TAG} is not whole, so nothing is deployed: `));
    expect(await folders()).toEqual([]);
    expect(localTags()).toEqual([]);
    expect(await bench.snapshots.list()).toEqual([]);
  }

  it('holds the images under its tag, the versions, the files with their sums, and the rollback point', async () => {
    const snapshot = await bench.take();
    const release = sampleRelease('a');
    expect(snapshot).toEqual({
      version: 1,
      tag: TAG,
      at: NOW.toISOString(),
      environment: 'prod',
      deployment: 'd-1',
      release,
      database: {
        backup: 'pre-deploy-20261122T020000Z',
        sha256: 'a'.repeat(64),
        migration: 'Deployments1795700000000',
        serverVersion: '15.18',
      },
      sumsSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      warnings: [],
      folder: folder(),
    });
    expect(bench.registry.repositories.get(BACKEND)!.get(TAG)).toBe(digestOf('a'));
    expect(bench.registry.repositories.get(FRONTEND)!.get(TAG)).toBe(digestOf('f'));
    const versions = JSON.parse(await readFile(join(folder(), 'versions.json'), 'utf8')) as unknown;
    expect(versions).toEqual({
      backend: { image: `${BACKEND}:${TAG}`, ...release.backend },
      frontend: { image: `${FRONTEND}:${TAG}`, ...release.frontend },
      db: snapshot.database,
    });
    for (const [path, text] of Object.entries(FILES)) {
      expect(await readFile(join(folder(), 'files', path), 'utf8')).toBe(text);
    }
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder() });
    const sums = (await readFile(join(folder(), 'SHA256SUMS'), 'utf8')).split('\n').map((line) => line.slice(66));
    expect(sums.filter(Boolean).sort()).toEqual(
      [...Object.keys(FILES).map((path) => `files/${path}`), 'versions.json'].sort(),
    );
    expect(await bench.snapshots.list()).toEqual([snapshot]);
    expect(await bench.snapshots.find(TAG)).toEqual(snapshot);
    expect(await bench.snapshots.find('backup-20200101-000000')).toBeUndefined();
    expect(bench.runs.asked).toEqual([{ owner: 'deployment d-1', kind: 'pre-deploy', trigger: 'deployment' }]);
  });

  it('keeps the settings, which may hold secrets, from everybody else', async () => {
    await bench.take();
    expect((await stat(join(folder(), 'files/.env'))).mode & 0o777).toBe(0o600);
    expect((await stat(folder())).mode & 0o777).toBe(0o700);
    expect(bench.told.join('\n')).not.toContain('hunter2');
  });

  it('names both images before it pushes one, and pulls each again by its digest and by its tag', async () => {
    await bench.take();
    const moves = bench.engine.done.map((call) => call.replace('registry.example:5000/', ''));
    expect(moves).toEqual([
      `tag backend:${TAG}`,
      `tag frontend:${TAG}`,
      `push backend:${TAG}`,
      `pull backend@${digestOf('a')}`,
      `pull backend:${TAG}`,
      `push frontend:${TAG}`,
      `pull frontend@${digestOf('f')}`,
      `pull frontend:${TAG}`,
    ]);
  });

  it('is of the backend alone where there is no frontend', async () => {
    const release = { ...sampleRelease('a'), frontend: null };
    const snapshot = await bench.snapshots.take({ release, deployment: 'd-1' }, bench.underway);
    expect(snapshot.release.frontend).toBeNull();
    expect(localTags()).toEqual([`${BACKEND}:${TAG}`]);
    await expect(bench.snapshots.verify(TAG, bench.underway)).resolves.toEqual(snapshot);
  });

  it('fetches the image that runs where the engine has lost it', async () => {
    for (const name of [digestOf('f'), `${FRONTEND}@${digestOf('f')}`]) bench.engine.names.delete(name);
    const pulled = `${FRONTEND}@${digestOf('f')}`;
    bench.engine.before = (call) => {
      // By its id it is known again once it is there.
      if (call === `pull ${pulled}`) bench.engine.names.set(digestOf('f'), digestOf('f'));
    };
    await expect(bench.take()).resolves.toMatchObject({ tag: TAG });
  });

  describe('is refused', () => {
    it.each([
      ['backend', BACKEND, 'a'],
      ['frontend', FRONTEND, 'f'],
    ])('where the image of the %s is nowhere any more', async (part, repository, digit) => {
      bench.engine.names.delete(digestOf(digit));
      bench.registry.repositories.delete(repository);
      await expectRefused(
        bench.take(),
        new RegExp(`The image of the ${part} that runs, sha256:${digit}+, is not in the engine`),
      );
      expect(bench.engine.done.filter((call) => call.startsWith('push'))).toEqual([]);
    });

    it.each([1, 2])('where the registry is down at push number %i, after as many tries as are set', async (nth) => {
      let pushes = 0;
      bench.engine.before = (call) => {
        if (call.startsWith('push') && ++pushes >= nth) throw new StepFailure('the registry is down');
      };
      await expectRefused(bench.take(), /the registry is down/);
      expect(pushes).toBe(nth + 2);
      expect(bench.told.filter((text) => text === 'the registry is down; trying again')).toHaveLength(2);
      expect(bench.runs.asked).toEqual([]);
    });

    it('at once where the push is not allowed', async () => {
      let pushes = 0;
      bench.engine.before = (call) => {
        if (call.startsWith('push') && ++pushes > 0) throw new StepFailure('denied', false);
      };
      await expectRefused(bench.take(), /denied/);
      expect(pushes).toBe(1);
    });

    it('where another image comes back by the tag', async () => {
      bench.engine.before = (call) => {
        if (call === `pull ${BACKEND}:${TAG}`) bench.registry.repositories.get(BACKEND)!.set(TAG, digestOf('b'));
      };
      await expectRefused(
        bench.take(),
        /The backend comes back from the registry as sha256:b+ by \S+:backup-\S+, and not as sha256:a+/,
      );
    });

    it('where another image comes back by the digest', async () => {
      bench.engine.before = (call) => {
        if (call === `pull ${FRONTEND}@${digestOf('f')}`) bench.engine.names.set(`${FRONTEND}@${digestOf('f')}`, '');
      };
      bench.engine.pull = async () => Promise.resolve('');
      bench.engine.names.set(`${BACKEND}@${digestOf('a')}`, digestOf('c'));
      await expectRefused(
        bench.take(),
        /The backend comes back .* as sha256:c+ by \S+@sha256:a+, and not as sha256:a+/,
      );
    });

    it('where the backup fails', async () => {
      bench.runs.run = { ...bench.runs.run, status: 'failed', reason: 'database: pg_dump was killed', manifest: null };
      await expectRefused(
        bench.take(),
        /The backup pre-deploy-\S+ of the database has failed: database: pg_dump was killed/,
      );
    });

    it('where the backup failed though there is an archive', async () => {
      bench.runs.run = { ...bench.runs.run, status: 'failed', reason: 'no copy away from this machine' };
      await expectRefused(bench.take(), /no copy away from this machine/);
    });

    it('where no backup is made', async () => {
      bench.runs.run = undefined;
      await expectRefused(bench.take(), /The backup of the database was not made/);
    });

    it.each([...Object.keys(FILES).filter((path) => !path.startsWith('deploy'))])(
      'where %s is missing',
      async (path) => {
        await rm(join(bench.home, path));
        await expectRefused(bench.take(), new RegExp(`${path.replaceAll('.', '\\.')} .*(is missing|is gone)`));
      },
    );

    it('where the configuration of nginx is missing', async () => {
      await rm(join(bench.home, 'deploy'), { recursive: true });
      await expectRefused(bench.take(), /deploy is missing or empty/);
    });

    it('where it is interrupted, and clears up all the same', async () => {
      const stop = new AbortController();
      bench.engine.before = (call) => {
        if (call.startsWith(`push ${FRONTEND}`)) stop.abort(new Error('SIGTERM'));
        if (!call.startsWith('untag')) stop.signal.throwIfAborted();
      };
      await expect(bench.take('a', { signal: stop.signal })).rejects.toThrow(/^SIGTERM$/);
      expect([await folders(), localTags()]).toEqual([[], []]);
    });
  });

  it('carries on what its backup is degraded by', async () => {
    const step = { name: 'upload-s3', status: 'failed', detail: 'no answer' } as const;
    const manifest = { ...bench.runs.run!.manifest!, warnings: ['quarantined'] };
    bench.runs.run = { ...bench.runs.run, status: 'degraded', steps: [step as never], manifest };
    const { warnings } = await bench.take();
    expect(warnings).toEqual([
      'the backup pre-deploy-20261122T020000Z: upload-s3: no answer',
      'the backup pre-deploy-20261122T020000Z: quarantined',
    ]);
  });

  describe('has a name of its own', () => {
    it('where the engine or the registry knows it', async () => {
      bench.engine.names.set(`${FRONTEND}:${TAG}`, digestOf('e'));
      bench.registry.repositories.get(BACKEND)!.set('backup-20261122-020001', digestOf('e'));
      expect((await bench.take()).tag).toBe('backup-20261122-020002');
      expect(bench.engine.names.get(`${FRONTEND}:${TAG}`)).toBe(digestOf('e'));
    });

    it('later than all others, where the clock was set back', async () => {
      const first = await bench.take();
      bench.clock.moveTo(new Date('2026-11-21T00:00:00Z'));
      const second = await bench.take();
      expect([first.tag, second.tag]).toEqual([TAG, 'backup-20261122-020001']);
      expect(second.at).toMatch(/^2026-11-21T00:00:00/);
      expect((await bench.snapshots.list()).map(({ tag }) => tag)).toEqual([second.tag, first.tag]);
    });

    it('also where the registry does not answer what it has', async () => {
      bench.registry.down = true;
      expect((await bench.take()).tag).toBe(TAG);
    });
  });

  describe('that was interrupted', () => {
    it('counts nowhere, and the next one clears it up', async () => {
      const dead = 'backup-20261121-020000';
      await mkdir(folder(dead), { recursive: true });
      await writeFile(join(folder(dead), 'SHA256SUMS'), '');
      bench.engine.names.set(`${BACKEND}:${dead}`, digestOf('a'));
      expect(await bench.snapshots.list()).toEqual([]);
      expect(await bench.snapshots.find(dead)).toBeUndefined();
      await bench.take();
      expect(await folders()).toEqual([TAG]);
      expect(localTags().sort()).toEqual([`${BACKEND}:${TAG}`, `${FRONTEND}:${TAG}`]);
    });

    it('is a warning where it can’t be cleared up, and no reason not to take the next one', async () => {
      const dead = 'backup-20261121-020000';
      await mkdir(folder(dead), { recursive: true });
      bench.engine.names.set(`${BACKEND}:${dead}`, digestOf('a'));
      bench.engine.before = (call) => {
        if (call.startsWith('untag')) throw new StepFailure('a container uses it');
      };
      const { warnings } = await bench.take();
      expect(warnings).toEqual([`${BACKEND}:${dead} stays in the engine: a container uses it`]);
      expect(await folders()).toEqual([dead, TAG]);
    });
  });

  it('leaves alone what is not named like one', async () => {
    await mkdir(join(bench.home, 'snapshots/before-the-move'), { recursive: true });
    await writeFile(join(bench.home, 'snapshots/backup-20200101-000000'), 'a file');
    expect((await bench.take()).warnings).toEqual([]);
    expect((await folders()).sort()).toEqual(['backup-20200101-000000', TAG, 'before-the-move']);
  });

  describe('is looked at again', () => {
    it.each(['files/docker-compose.yml', 'versions.json', 'SHA256SUMS', 'files/deploy/nginx/nginx.conf'])(
      'and found damaged where %s was changed, and then not put back',
      async (path) => {
        await bench.take();
        await writeFile(join(folder(), path), 'something else\n');
        await expect(bench.snapshots.verify(TAG, bench.underway)).rejects.toThrow(/is damaged: /);
        await bench.write({ 'docker-compose.yml': 'new\n' });
        await expect(bench.snapshots.restoreFiles(TAG, bench.underway)).rejects.toThrow(/is damaged: /);
        expect(await readFile(join(bench.home, 'docker-compose.yml'), 'utf8')).toBe('new\n');
      },
    );

    it('and found wanting where the registry has lost an image', async () => {
      const snapshot = await bench.take();
      await expect(bench.snapshots.verify(TAG, bench.underway)).resolves.toEqual(snapshot);
      bench.registry.repositories.get(FRONTEND)!.clear();
      await expect(bench.snapshots.verify(TAG, bench.underway)).rejects.toThrow(/no such image: \S+frontend@/);
    });

    it('and found damaged where a file was changed together with its sum', async () => {
      await bench.take();
      await writeFile(join(folder(), 'versions.json'), '{}');
      const { stdout } = spawnSync('sha256sum', ['versions.json'], { cwd: folder(), encoding: 'utf8' });
      const sums = await readFile(join(folder(), 'SHA256SUMS'), 'utf8');
      await writeFile(join(folder(), 'SHA256SUMS'), sums.replace(/^.* versions\.json\n/m, stdout));
      execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder() });
      await expect(bench.snapshots.verify(TAG, bench.underway)).rejects.toThrow(
        /SHA256SUMS is not what its rollback point/,
      );
    });

    it('and is none by another name than its own', async () => {
      await bench.take();
      await rename(folder(), folder('backup-20261122-020001'));
      await expect(bench.snapshots.find('backup-20261122-020001')).rejects.toThrow(
        /is backup-20261122-020000, and its folder/,
      );
    });

    it('and found wanting where its backup is gone, or another one', async () => {
      await bench.take();
      bench.local.sha256 = 'b'.repeat(64);
      await expect(bench.snapshots.verify(TAG, bench.underway)).rejects.toThrow(
        /is another one than the snapshot was made/,
      );
      bench.local.sha256 = '';
      await expect(bench.snapshots.verify(TAG, bench.underway)).rejects.toThrow(/There is no backup pre-deploy-/);
    });

    it('and told of where its rollback point can’t be read', async () => {
      await bench.take();
      await writeFile(join(folder(), 'rollback-point.json'), '{"version": 1');
      await expect(bench.snapshots.find(TAG)).rejects.toThrow(
        /backup-20261122-020000 can’t be read: .*damaged or cut off/,
      );
      expect(await bench.snapshots.list()).toEqual([]);
    });

    it('and is none of this environment where it says so', async () => {
      await bench.take();
      const path = join(folder(), 'rollback-point.json');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"prod"', '"preprod"'));
      await expect(bench.snapshots.find(TAG)).rejects.toThrow(/is preprod, and this is prod/);
    });
  });

  it('puts the files back as they were, and takes away what was put beside them', async () => {
    await bench.take();
    await bench.write({
      'docker-compose.yml': 'new\n',
      '.env': 'new\n',
      'deploy/nginx/conf.d/new.conf': 'new\n',
      'deploy/mine/notes': 'mine\n',
      'secrets/key': 'a secret\n',
    });
    await rm(join(bench.home, 'deploy/nginx/nginx.conf'));
    await bench.snapshots.restoreFiles(TAG, bench.underway);
    for (const [path, text] of Object.entries(FILES)) {
      expect(await readFile(join(bench.home, path), 'utf8')).toBe(text);
    }
    expect((await stat(join(bench.home, '.env'))).mode & 0o777).toBe(0o600);
    expect((await readdir(join(bench.home, 'deploy/nginx/conf.d'))).sort()).toEqual(['api.conf']);
    expect(await readFile(join(bench.home, 'deploy/mine/notes'), 'utf8')).toBe('mine\n');
    expect(await readFile(join(bench.home, 'secrets/key'), 'utf8')).toBe('a secret\n');
    await expect(bench.snapshots.restoreFiles('backup-20200101-000000', bench.underway)).rejects.toThrow(/no snapshot/);
  });
});
