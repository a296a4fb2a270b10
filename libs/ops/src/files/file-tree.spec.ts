import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { plant, temporaryFolder } from '../../../../test/support/file-tree';
import { readTree, type Tree, type TreeOptions } from './file-tree';

const never = new AbortController().signal;

describe('What stands below a path', () => {
  let root: string;

  beforeEach(async () => {
    root = await temporaryFolder();
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  function read(options: Partial<TreeOptions> = {}): Promise<Tree> {
    return readTree(root, { within: [root], mostFiles: 10, signal: never, ...options });
  }

  it('is as many files as are borne, and no more', async () => {
    await plant(root, Object.fromEntries([1, 2, 3].map((n) => [`folder-${n}/file`, 'x'])));
    expect((await read({ mostFiles: 3 })).files).toHaveLength(3);
    await expect(read({ mostFiles: 2 })).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: `${root} holds more than 2 files`,
    });
  });

  it('is not looked at where nobody wants it, be it a link or nameless', async () => {
    await plant(root, {
      'builds/1': 'x',
      'builds/\uFFFD': 'x',
      last: { link: 'builds/1' },
      latest: { link: 'builds' },
      lost: { link: '/nowhere' },
      out: { link: '/' },
      '\uFFFD': 'x',
      'file.xml': 'x',
      'link.xml': { link: 'builds/1' },
    });
    const asked: string[] = [];
    const wants = (path: string, kind: string): boolean => {
      asked.push(`${kind} ${path}`);
      return path.endsWith('.xml');
    };
    const tree = await read({ wants });
    expect(tree.files.map(({ path, real }) => [path, real])).toEqual([
      ['file.xml', join(root, 'file.xml')],
      ['link.xml', join(root, 'builds/1')],
    ]);
    expect(tree.links).toEqual([{ path: 'link.xml', target: 'builds/1' }]);
    expect([tree.omitted, tree.unreadable]).toEqual([[], []]);
    expect(asked).not.toContainEqual(expect.stringMatching(/builds\//));
  });

  it('asks for a link as what it leads to', async () => {
    await plant(root, { 'folder/file': 'x', link: { link: 'folder' } });
    const files = await read({ wants: (path, kind) => kind === 'file' || path === 'folder' });
    expect(files.files.map(({ path }) => path)).toEqual(['folder/file']);
    expect(files.links).toEqual([]);
  });
});
