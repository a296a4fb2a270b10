import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { harvest, plant, temporaryFolder } from '../../../../test/support/file-tree';
import { StoredFiles } from './stored-files';

const never = new AbortController().signal;

describe('The files of a step', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    await plant(folder, { original: 'theirs', other: 'another' });
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const begin = () => StoredFiles.begin({ id: 'x', folder, signal: never, progress: () => undefined }, 'config');

  it('keep one of our own making apart from a copied one of its name', async () => {
    const stored = await begin();
    await stored.copy(join(folder, 'original'), 'LINKS.json', '/LINKS.json');
    await stored.write('LINKS.json', 'ours');
    expect(await harvest(join(folder, 'config'))).toMatchObject({
      'LINKS.json': { text: 'theirs' },
      '_LINKS.json': { text: 'ours', mode: '600' },
    });
    expect(stored.artifacts.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['config/LINKS.json', 6],
      ['config/_LINKS.json', 4],
    ]);
    expect(stored.bytes).toBe(10);
  });

  it('are each stored once', async () => {
    const stored = await begin();
    await stored.copy(join(folder, 'original'), 'file', '/file');
    await stored.copy(join(folder, 'other'), 'file', '/file');
    expect(stored.artifacts).toHaveLength(1);
    expect(await harvest(join(folder, 'config'))).toMatchObject({ file: { text: 'theirs' } });
  });
});
