import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { harvest, plant, temporaryFolder } from '../../../../test/support/file-tree';
import { sha256 } from '../../../../test/support/image-archives';
import { opsConfig } from '../../../../test/support/ops-config';
import { withoutPrivileges } from '../../../../test/support/privileges';
import type { SourceProduct } from '../backups/backup-source';
import { ConfigurationSource } from './configuration-source';

const never = new AbortController().signal;

describe('The configuration in a backup', () => {
  let machine: string;
  let folder: string;

  beforeEach(async () => {
    machine = await temporaryFolder();
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await rm(machine, { recursive: true });
    await rm(folder, { recursive: true });
  });

  const at = (path: string) => join(machine, path);
  /** Where a file of the machine stands in the archive. */
  const stored = (path: string) => `config${at(path)}`;

  function source(required: string[], optional: string[] = []): ConfigurationSource {
    return new ConfigurationSource(opsConfig({ configPaths: required.map(at), optionalConfigPaths: optional.map(at) }));
  }

  async function produce(required: string[], optional: string[] = []): Promise<SourceProduct> {
    return source(required, optional).produce({ id: 'daily-x', folder, signal: never, progress: () => undefined });
  }

  async function linksOf({ artifacts }: SourceProduct): Promise<unknown> {
    expect(artifacts.map(({ path }) => path)).toContain('config/LINKS.json');
    return JSON.parse(await readFile(join(folder, 'config/LINKS.json'), 'utf8'));
  }

  it('is stored at its paths, with its permissions, and told of', async () => {
    await plant(machine, {
      'srv/docker-compose.yml': 'services: {}\n',
      'srv/.env.production': { mode: 0o600, text: 'JWT_SECRET=x\n' },
      'etc/nginx/nginx.conf': 'http {}\n',
      'etc/nginx/sites/été & co.conf': 'server {}\n',
      'srv/deploy/deploy.sh': { mode: 0o755, text: '#!/bin/sh\n' },
      'srv/not-listed': 'x',
      'srv/a\\b': 'a name that sha256sum escapes',
    });
    const product = await produce(
      ['srv/docker-compose.yml', 'srv/.env.production', 'etc/nginx', 'srv/deploy', 'srv/a\\b'],
      ['etc/nothing', 'srv/deploy/'],
    );
    const files = await harvest(folder);
    expect(files).toEqual({
      [stored('srv/docker-compose.yml')]: { text: 'services: {}\n', mode: '644' },
      [stored('srv/.env.production')]: { text: 'JWT_SECRET=x\n', mode: '600' },
      [stored('etc/nginx/nginx.conf')]: { text: 'http {}\n', mode: '644' },
      [stored('etc/nginx/sites/été & co.conf')]: { text: 'server {}\n', mode: '644' },
      [stored('srv/deploy/deploy.sh')]: { text: '#!/bin/sh\n', mode: '755' },
      [stored('srv/a\\b')]: { text: 'a name that sha256sum escapes', mode: '644' },
    });
    expect(product.warnings).toEqual([]);
    expect(product.detail).toBe(`6 files of 83 bytes; optional and not there: ${at('etc/nothing')}`);
    for (const { path, bytes, sha256: hash } of product.artifacts) {
      const { text } = files[path]!;
      expect([bytes, hash]).toEqual([Buffer.byteLength(text), sha256(Buffer.from(text))]);
    }
    expect(product.artifacts).toHaveLength(6);
  });

  it('names every required path that is missing, and copies nothing', async () => {
    await plant(machine, { there: 'x', 'etc/nginx.conf': 'x' });
    const missing = produce(['there', '.env.production', 'etc/nginx.conf/below', 'there'], ['gone']);
    await expect(missing).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: `${at('.env.production')} is missing; ${at('etc/nginx.conf/below')} is missing`,
    });
    expect(await harvest(folder)).toEqual({});
  });

  it('counts a path that is in both lists as required', async () => {
    await expect(produce(['gone'], ['gone'])).rejects.toThrow(`${at('gone')} is missing`);
  });

  it('is without what is optional and not there, and no worse for it', async () => {
    const product = await produce([], ['one', 'two']);
    expect(product).toMatchObject({
      artifacts: [],
      warnings: [],
      detail: `0 files of 0 bytes; optional and not there: ${at('one')}, ${at('two')}`,
    });
  });

  describe('that this user may not read', () => {
    beforeEach(async () => {
      await plant(machine, { 'a/open': 'x', 'a/key': { mode: 0o000, text: 'x' }, 'b/closed/file': 'x', 'b/open': 'x' });
      await chmod(at('b/closed'), 0o000);
    });
    afterEach(async () => {
      await chmod(at('b/closed'), 0o700);
    });

    it.each([
      ['file', 'a', 'a/key'],
      ['folder', 'b', 'b/closed'],
    ])('fails the step where a %s is required', async (_kind, listed, name) => {
      const failure = withoutPrivileges(() => produce([listed]));
      await expect(failure).rejects.toMatchObject({
        name: 'StepFailure',
        mayPass: false,
        message: `${at(name)} may not be read by this user`,
      });
    });

    it('fails the step where a required link leads there, and not where an optional one does', async () => {
      await plant(machine, { 'c/link': { link: '../b/closed/file' }, 'c/open': 'x' });
      await expect(withoutPrivileges(() => produce(['c']))).rejects.toMatchObject({
        mayPass: false,
        message: `${at('c/link')} may not be read by this user`,
      });
      const product = await withoutPrivileges(() => produce([], ['c']));
      expect(product.warnings).toEqual([`${at('c/link')} may not be read by this user`]);
    });

    it('degrades the run where it is optional', async () => {
      const product = await withoutPrivileges(() => produce([], ['a', 'b']));
      expect(product.warnings).toEqual([
        `${at('b/closed')} may not be read by this user`,
        `${at('a/key')} may not be read by this user`,
      ]);
      expect(product.artifacts.map(({ path }) => path)).toEqual([stored('a/open'), stored('b/open')]);
    });
  });

  describe('with links', () => {
    /** As certbot lays it out. */
    const CERTIFICATES = {
      'letsencrypt/archive/tip/privkey7.pem': { mode: 0o600, text: 'the key' },
      'letsencrypt/archive/tip/fullchain7.pem': 'the chain',
      'letsencrypt/live/README': 'about',
      'letsencrypt/live/tip/privkey.pem': { link: '../../archive/tip/privkey7.pem' },
      'letsencrypt/live/tip/fullchain.pem': { link: '../../archive/tip/fullchain7.pem' },
    };

    it('stores what they lead to, where that is listed', async () => {
      await plant(machine, CERTIFICATES);
      const product = await produce(['letsencrypt']);
      expect(product.warnings).toEqual([]);
      expect(await harvest(folder)).toMatchObject({
        [stored('letsencrypt/live/tip/privkey.pem')]: { text: 'the key', mode: '600' },
        [stored('letsencrypt/live/tip/fullchain.pem')]: { text: 'the chain', mode: '644' },
        [stored('letsencrypt/archive/tip/privkey7.pem')]: { text: 'the key', mode: '600' },
      });
      expect(await linksOf(product)).toEqual([
        { path: at('letsencrypt/live/tip/fullchain.pem'), target: '../../archive/tip/fullchain7.pem', stored: true },
        { path: at('letsencrypt/live/tip/privkey.pem'), target: '../../archive/tip/privkey7.pem', stored: true },
      ]);
    });

    it('stores it as well where the folders are listed each for itself, one of them as optional', async () => {
      await plant(machine, CERTIFICATES);
      const product = await produce(['letsencrypt/live/tip'], ['letsencrypt/archive']);
      expect(product.warnings).toEqual([]);
      expect(Object.keys(await harvest(folder)).sort()).toEqual([
        'config/LINKS.json',
        ...[
          'archive/tip/fullchain7.pem',
          'archive/tip/privkey7.pem',
          'live/tip/fullchain.pem',
          'live/tip/privkey.pem',
        ].map((path) => stored(`letsencrypt/${path}`)),
      ]);
    });

    it('follows a listed path itself, wherever it leads', async () => {
      await plant(machine, { ...CERTIFICATES, releases: 'x', 'r/42/app.yml': 'app', current: { link: 'r/42' } });
      const product = await produce(['letsencrypt/live/tip/privkey.pem', 'current', 'current/app.yml']);
      expect(product.warnings).toEqual([]);
      expect(await harvest(folder)).toMatchObject({
        [stored('letsencrypt/live/tip/privkey.pem')]: { text: 'the key', mode: '600' },
        [stored('current/app.yml')]: { text: 'app', mode: '644' },
      });
      expect(product.artifacts).toHaveLength(3);
      expect(await linksOf(product)).toContainEqual({ path: at('current'), target: 'r/42', stored: true });
    });

    it('does not follow what leads out, and says so', async () => {
      await plant(machine, { ...CERTIFICATES, 'letsencrypt/liveness': 'x' });
      const product = await produce(['letsencrypt/live']);
      expect(product.warnings).toEqual(
        ['fullchain', 'privkey'].map(
          (name) =>
            `${at(`letsencrypt/live/tip/${name}.pem`)} is a link to ${at(`letsencrypt/archive/tip/${name}7.pem`)}, ` +
            'which is in none of the paths to be saved',
        ),
      );
      const texts = Object.values(await harvest(folder)).map(({ text }) => text);
      expect(texts.join()).not.toMatch(/the (key|chain)/);
      expect(await linksOf(product)).toMatchObject([{ stored: false }, { stored: false }]);
    });

    it('does not take a folder for inside because its name begins alike', async () => {
      await plant(machine, {
        'app/link': { link: '../app-secrets/key' },
        'app/file': 'x',
        'app-secrets/key': 'secret',
      });
      const product = await produce(['app']);
      expect(product.warnings).toHaveLength(1);
      expect(product.artifacts.map(({ path }) => path)).toEqual([stored('app/file'), 'config/LINKS.json']);
    });

    it('fails where nothing of a required path is left', async () => {
      await plant(machine, { secret: 'x', 'app/link': { link: '../secret' }, 'app/other': { link: 'nowhere' } });
      await mkdir(at('empty'));
      const out = `${at('app/link')} is a link to ${at('secret')}, which is in none of the paths to be saved`;
      await expect(produce(['app'])).rejects.toThrow(
        `${at('app')} holds no file that could be saved: ${out}: ${at('app/other')} is a link to nowhere, where there is nothing`,
      );
      await expect(produce(['empty'])).rejects.toThrow(`${at('empty')} holds no file that could be saved`);
      await expect(produce([], ['empty'])).resolves.toMatchObject({ artifacts: [], warnings: [] });
    });

    it('does not go round in circles', async () => {
      await plant(machine, {
        'app/file': 'x',
        'app/self': { link: 'self' },
        'app/deep/up': { link: '..' },
        'app/deep/here': { link: '.' },
        'app/side/across': { link: '../deep' },
        'app/deep/file': 'y',
      });
      const product = await produce(['app']);
      expect(product.artifacts.map(({ path }) => path)).toEqual([
        ...['deep/file', 'file', 'side/across/file'].map((path) => stored(`app/${path}`)),
        'config/LINKS.json',
      ]);
      expect(product.warnings).toEqual([
        `${at('app/deep/here')} is a link back to ${at('app/deep')}, which it stands in`,
        `${at('app/deep/up')} is a link back to ${at('app')}, which it stands in`,
        `${at('app/self')} is a link to self, where there is nothing`,
        `${at('app/side/across/here')} is a link back to ${at('app/deep')}, which it stands in`,
        `${at('app/side/across/up')} is a link back to ${at('app')}, which it stands in`,
      ]);
    });
  });

  it('warns of what is neither file nor folder', async () => {
    await plant(machine, { 'app/file': 'x' });
    const server = createServer().listen(at('app/app.sock'));
    await once(server, 'listening');
    execFileSync('mkfifo', [at('app/pipe')]);
    const product = await produce(['app']);
    server.close();
    expect(product.warnings).toEqual([`${at('app/app.sock')} is a socket`, `${at('app/pipe')} is a pipe`]);
    expect(product.artifacts).toHaveLength(1);
    const device = new ConfigurationSource(opsConfig({ configPaths: [], optionalConfigPaths: ['/dev/null'] }));
    const context = { id: 'x', folder, signal: never, progress: () => undefined };
    await expect(device.produce(context)).resolves.toMatchObject({ warnings: ['/dev/null is a device'] });
  });

  it('warns of names that can’t stand in an archive', async () => {
    await plant(machine, { 'app/file': 'x', 'app/line\nbreak': 'x' });
    const product = await produce(['app']);
    expect(product.warnings).toEqual([`"${at('app/line\\nbreak')}" was left out: its name holds a control character`]);
    expect(product.artifacts).toHaveLength(1);
  });

  it('warns of a file that keeps changing, and of one that has gone', async () => {
    await plant(machine, { 'app/a-first': 'x', 'app/gone': 'x', 'app/log': Buffer.alloc(8_000_000) });
    const stop = new AbortController();
    const changing = (async () => {
      while (!stop.signal.aborted) await appendFile(at('app/log'), 'more ');
    })();
    const names: string[] = [];
    const product = await source(['app']).produce({
      id: 'x',
      folder,
      signal: never,
      progress: (text) => {
        names.push(text);
        if (text.endsWith('a-first')) execFileSync('rm', [at('app/gone')]);
      },
    });
    stop.abort();
    await changing;
    expect(product.warnings).toEqual([
      `${at('app/gone')} was there, and gone when it was to be copied`,
      `${at('app/log')} kept changing while it was copied`,
    ]);
    expect(names).toEqual(['a-first', 'gone', 'log'].map((name) => `Copying ${at(`app/${name}`)}`));
    expect(product.artifacts.map(({ path }) => path)).toEqual([stored('app/a-first'), stored('app/log')]);
  });

  it('fails where a required file goes before it is copied', async () => {
    await plant(machine, { one: 'x', two: 'x' });
    const progress = (text: string): void => {
      if (text.endsWith('one')) execFileSync('rm', [at('two')]);
    };
    const product = source(['one', 'two']).produce({ id: 'x', folder, signal: never, progress });
    await expect(product).rejects.toMatchObject({
      message: `${at('two')} holds no file that could be saved`,
      mayPass: true,
    });
  });

  it('leaves nothing of an earlier attempt', async () => {
    await plant(machine, { file: 'x' });
    await plant(folder, { 'config/old': 'x', 'db/dump': 'x' });
    await produce(['file']);
    expect(Object.keys(await harvest(folder)).sort()).toEqual([stored('file'), 'db/dump'].sort());
  });

  it('is not the whole machine', async () => {
    const whole = new ConfigurationSource(opsConfig({ configPaths: ['/'] }));
    const context = { id: 'x', folder, signal: never, progress: () => undefined };
    await expect(whole.produce(context)).rejects.toMatchObject({ mayPass: false, message: /whole machine/ });
  });

  it('ends with the run', async () => {
    await plant(machine, { 'app/one': 'x', 'app/two': 'x' });
    const run = new AbortController();
    const progress = (): void => {
      run.abort(new Error('the run ends'));
    };
    for (const [required, optional] of [
      [['app'], []],
      [[], ['app']],
    ] as [string[], string[]][]) {
      const ended = source(required, optional).produce({ id: 'x', folder, signal: run.signal, progress });
      await expect(ended).rejects.toThrow('the run ends');
    }
  });

  it('is estimated as disks count', async () => {
    await plant(machine, { 'app/one': 'x', 'app/two': Buffer.alloc(10_000) });
    await expect(source(['app']).estimate(never)).resolves.toBe(2 * 4096 + 4 * 4096);
    await expect(source(['app', 'gone']).estimate(never)).resolves.toBeUndefined();
  });

  it('reads a relative path from where the service runs', async () => {
    const relative = new ConfigurationSource(opsConfig({ configPaths: ['package.json'] }));
    const { artifacts } = await relative.produce({ id: 'x', folder, signal: never, progress: () => undefined });
    expect(artifacts.map(({ path }) => path)).toEqual([`config${await realpath('package.json')}`]);
  });

  it('is switched off by leaving both lists out', () => {
    expect(source([], []).disabled).toBe('BACKUP_CONFIG_PATHS and BACKUP_CONFIG_OPTIONAL_PATHS are empty');
    expect(source(['a'], []).disabled).toBeUndefined();
    expect(source([], ['a']).disabled).toBeUndefined();
  });
});
