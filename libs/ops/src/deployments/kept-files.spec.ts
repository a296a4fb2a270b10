import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { harvest, plant, temporaryFolder } from '../../../../test/support/file-tree';
import { KeptFiles } from './kept-files';

const FILES = {
  '.env': { mode: 0o600, text: 'COMPOSE_PROJECT_NAME=tiptop' },
  'docker-compose.yml': 'old',
  'docker-compose.prod.yml': 'old overrides',
  'deploy/nginx/nginx.conf': { mode: 0o644, text: 'old' },
  'deploy/nginx/conf.d/gone.conf': 'gone in the new release',
  'secrets/jwt_secret': { mode: 0o600, text: 'never read' },
  'state/nginx/upstreams.conf': 'old',
} as const;

describe('The kept files of an environment', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('come back as they were, and what was not there goes', async () => {
    await plant(folder, FILES);
    const before = await harvest(folder);
    const kept = await KeptFiles.of(folder);
    await plant(folder, {
      '.env': { mode: 0o644, text: 'new' },
      'docker-compose.yml': 'new',
      'docker-compose.images.yml': 'new',
      'deploy/nginx/nginx.conf': { mode: 0o755, text: 'new' },
      'deploy/nginx/added.conf': 'new',
      'state/nginx/upstreams.conf': 'new',
    });
    await rm(join(folder, 'deploy/nginx/conf.d/gone.conf'));
    await kept.restore();
    const routes = 'state/nginx/upstreams.conf';
    expect(await harvest(folder)).toEqual({ ...before, [routes]: { ...before[routes], text: 'new' } });
  });

  it('leave alone what is none of theirs', async () => {
    await plant(folder, { ...FILES, 'notes.txt': 'old' });
    const kept = await KeptFiles.of(folder);
    await plant(folder, { 'notes.txt': 'new', 'other.txt': 'new', 'secrets/jwt_secret': 'new' });
    await kept.restore();
    expect(await harvest(folder)).toMatchObject({
      'notes.txt': { text: 'new' },
      'other.txt': { text: 'new' },
      'secrets/jwt_secret': { text: 'new' },
    });
  });

  it('of a folder that is empty yet are none', async () => {
    const kept = await KeptFiles.of(join(folder, 'nothing'));
    await expect(kept.restore()).resolves.toBeUndefined();
  });
});
