import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseImages } from '../rollout/images-file';
import { parseUpstreams } from '../rollout/upstreams-file';
import { EnvironmentFolder } from './environment-folder';

describe('EnvironmentFolder', () => {
  let root: string;
  let source: string;
  let folder: EnvironmentFolder;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tiptop-folder-'));
    source = join(root, 'checkout');
    await mkdir(join(source, 'deploy/nginx/more'), { recursive: true });
    for (const name of ['docker-compose.yml', 'docker-compose.dev.yml', 'docker-compose.prod.yml']) {
      await writeFile(join(source, name), `# ${name} of the checkout\n`);
    }
    await writeFile(join(source, 'deploy/nginx/more/site.conf'), 'of the checkout');
    folder = new EnvironmentFolder(join(root, 'srv/dev'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const text = (name: string): Promise<string> => readFile(join(folder.path, name), 'utf8');

  it('gets the files of its environment, and what compose and nginx read before anything was deployed', async () => {
    const made = await folder.furnish(source, 'dev');
    expect(made).toEqual([
      'docker-compose.yml',
      'docker-compose.dev.yml',
      'deploy/nginx',
      'docker-compose.images.yml',
      'state/nginx/upstreams.conf',
    ]);
    expect((await readdir(folder.path)).sort()).toEqual([
      'certificates',
      'deploy',
      'docker-compose.dev.yml',
      'docker-compose.images.yml',
      'docker-compose.yml',
      'snapshots',
      'state',
    ]);
    expect(await text('deploy/nginx/more/site.conf')).toBe('of the checkout');
    expect(await text('state/nginx/upstreams.conf')).toMatch(/map "" \$api_host \{ default api; \}/);
    expect(parseUpstreams(await text('state/nginx/upstreams.conf'))).toBeUndefined();
    expect(parseImages(await text('docker-compose.images.yml'), 'images')).toBeUndefined();
  });

  it('keeps what is there, and brings what is missing', async () => {
    await folder.furnish(source, 'dev');
    await writeFile(join(folder.path, 'docker-compose.yml'), 'mine');
    await writeFile(join(folder.path, 'state/nginx/upstreams.conf'), 'of a deployment');
    await rm(join(folder.path, 'docker-compose.dev.yml'));
    await writeFile(join(source, 'deploy/nginx/more/site.conf'), 'newer');
    expect(await folder.furnish(source, 'dev')).toEqual(['docker-compose.dev.yml']);
    expect(await text('docker-compose.yml')).toBe('mine');
    expect(await text('state/nginx/upstreams.conf')).toBe('of a deployment');
    expect(await text('deploy/nginx/more/site.conf')).toBe('of the checkout');
  });

  it('says what a folder lacks that is no checkout', async () => {
    await rm(join(source, 'deploy/nginx'), { recursive: true });
    await expect(folder.furnish(source, 'dev')).rejects.toThrow(/deploy\/nginx is missing: run this in a checkout/);
    await writeFile(join(root, 'file'), '');
    await expect(new EnvironmentFolder(join(root, 'file/dev')).furnish(source, 'dev')).rejects.toThrow(/file\/dev/);
  });

  it('lends its settings to a checkout that has none', async () => {
    await folder.furnish(source, 'dev');
    expect(await folder.lendSettings(source)).toBe(true);
    expect(await readlink(join(source, '.env'))).toBe(join(folder.path, '.env'));
    expect(await folder.lendSettings(source)).toBe(true);
    const other = join(root, 'other');
    await mkdir(other);
    await writeFile(join(other, '.env'), 'MINE=1');
    expect(await folder.lendSettings(other)).toBe(false);
    expect(await readFile(join(other, '.env'), 'utf8')).toBe('MINE=1');
    await rm(join(other, '.env'));
    await symlink('/elsewhere/.env', join(other, '.env'));
    expect(await folder.lendSettings(other)).toBe(false);
  });
});
