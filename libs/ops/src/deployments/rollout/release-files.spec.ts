import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@tiptop/platform';
import { sampleRelease } from '../spec-support/sample-release';
import { ReleaseFiles } from './release-files';
import { BY_SERVICE } from './upstreams-file';

const SETTINGS = [
  'COMPOSE_PROJECT_NAME=the',
  'COMPOSE_FILE=docker-compose.yml:docker-compose.dev.yml:docker-compose.images.yml',
  'BACKUP_S3_SECRET_ACCESS_KEY="of-the-store"',
  'SMTP_URL=smtps://us:p%40ssw0rd@mail.example',
  '',
].join('\n');

describe('The files of a release', () => {
  let root: string;
  let source: string;
  let target: string;
  let files: ReleaseFiles;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tiptop-release-'));
    [source, target] = [join(root, 'checkout'), join(root, 'dev')];
    await write(source, {
      'docker-compose.yml': 'services: {}\n',
      'docker-compose.dev.yml': 'services: {}\n',
      'docker-compose.prod.yml': 'of another environment',
      'deploy/nginx/nginx.conf': 'new',
      'deploy/nginx/extra/more.conf': 'more',
      'README.md': 'not of the release',
      'settings-of-jenkins': SETTINGS,
    });
    await symlink(join(source, 'settings-of-jenkins'), join(source, '.env'));
    await mkdir(target);
    const env = { NODE_ENV: 'test', DATA_DIR: root, DEPLOY_PATH: target, DEPLOY_SOURCE: source };
    files = new ReleaseFiles(loadConfig(env));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function write(folder: string, texts: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(texts)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  }

  async function tree(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
      .sort();
  }

  it('come from the checkout: those that its settings name, and what is mounted', async () => {
    await files.install();
    expect(await tree(target)).toEqual([
      '.env',
      'deploy/nginx/extra/more.conf',
      'deploy/nginx/nginx.conf',
      'docker-compose.dev.yml',
      'docker-compose.yml',
    ]);
    expect(await readFile(join(target, '.env'), 'utf8')).toBe(SETTINGS);
    expect((await stat(join(target, '.env'))).mode & 0o777).toBe(0o600);
    await expect(files.project()).resolves.toMatchObject({ name: 'the', folder: target });
  });

  it('take the place of older ones, in the same folders, and of what has gone', async () => {
    const nginx = join(target, 'deploy/nginx');
    await write(target, {
      'deploy/nginx/nginx.conf': 'old',
      'deploy/nginx/gone.conf': 'old',
      'deploy/postgres/somebodys.conf': 'of somebody',
      'secrets/jwt_secret': 'stays',
      'state/nginx/upstreams.conf': 'stays',
    });
    const { ino } = await stat(nginx);
    await files.install();
    expect((await stat(nginx)).ino).toBe(ino);
    expect(await readFile(join(nginx, 'nginx.conf'), 'utf8')).toBe('new');
    expect(await readdir(nginx)).toEqual(['extra', 'nginx.conf']);
    expect(await tree(target)).toEqual(
      expect.arrayContaining(['deploy/postgres/somebodys.conf', 'secrets/jwt_secret', 'state/nginx/upstreams.conf']),
    );
  });

  it('are not touched where one of the new ones is missing, or the settings are none', async () => {
    await write(target, { 'docker-compose.yml': 'old' });
    await rm(join(source, 'docker-compose.dev.yml'));
    await expect(files.install()).rejects.toThrow(/docker-compose\.dev\.yml is missing/);
    await writeFile(join(source, 'settings-of-jenkins'), 'A=1');
    await expect(files.install()).rejects.toThrow(/COMPOSE_PROJECT_NAME/);
    expect(await tree(target)).toEqual(['docker-compose.yml']);
    expect(await readFile(join(target, 'docker-compose.yml'), 'utf8')).toBe('old');
  });

  it('stay where they are in an environment that is its own checkout', async () => {
    const env = { NODE_ENV: 'test', DATA_DIR: root, DEPLOY_PATH: source, DEPLOY_SOURCE: `${source}/.` };
    const before = await tree(source);
    await new ReleaseFiles(loadConfig(env)).install();
    expect(await tree(source)).toEqual(before);
    // Not even by themselves: the settings are a link still.
    expect((await lstat(join(source, '.env'))).isSymbolicLink()).toBe(true);
  });

  it('tell which release it is, and where requests go', async () => {
    await expect(files.images()).resolves.toBeUndefined();
    await expect(files.routes()).resolves.toBeUndefined();
    const routes = { release: sampleRelease('a'), hosts: { ...BY_SERVICE, api: 'the_api_2' } };
    await files.writeImages(sampleRelease('b', null));
    await files.writeRoutes(routes);
    await expect(files.images()).resolves.toEqual(sampleRelease('b', null));
    await expect(files.routes()).resolves.toEqual(routes);
    expect((await tree(target)).filter((path) => path.includes('partial'))).toEqual([]);
  });

  it('can be read by nginx, which is another user, whoever deploys and whatever was there before', async () => {
    const path = join(target, 'state/nginx/upstreams.conf');
    const umask = process.umask(0o077);
    try {
      await files.writeRoutes({ release: sampleRelease(), hosts: BY_SERVICE });
      expect((await stat(path)).mode & 0o777).toBe(0o644);
      await chmod(path, 0o600);
      await files.writeRoutes({ release: sampleRelease('b'), hosts: BY_SERVICE });
      expect((await stat(path)).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(umask);
    }
  });

  it('have the old routes back where what was to be done with the new ones fails', async () => {
    const [old, fresh] = ['a', 'b'].map((n) => ({ release: sampleRelease(n), hosts: BY_SERVICE }));
    const fail = async (): Promise<never> => {
      await expect(files.routes()).resolves.toEqual(fresh);
      throw new Error('nginx does not want it');
    };
    await expect(files.withRoutes(fresh!, fail)).rejects.toThrow('nginx does not want it');
    await expect(files.routes()).resolves.toBeUndefined();
    await files.writeRoutes(old!);
    await expect(files.withRoutes(fresh!, fail)).rejects.toThrow('nginx does not want it');
    await expect(files.routes()).resolves.toEqual(old);
    await expect(files.withRoutes(fresh!, () => Promise.resolve(7))).resolves.toBe(7);
    await expect(files.routes()).resolves.toEqual(fresh);
  });

  it('know the secrets that stand beside them', async () => {
    await files.install();
    await write(target, {
      'secrets/jwt_secret': 'Zk3vQx9Lr7Bn\n',
      'secrets/database_url': 'postgres://t:hidden-pw@db/t',
    });
    const said = 'the of-the-store p@ssw0rd p%40ssw0rd Zk3vQx9Lr7Bn hidden-pw docker-compose.yml';
    const hidden = '[redacted]';
    expect((await files.secrets()).redact(said)).toBe(
      `the ${hidden} ${hidden} ${hidden} ${hidden} ${hidden} docker-compose.yml`,
    );
  });
});
