import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostLock } from './host-lock';
import { OperationUnderWay } from './operation.errors';

/** What happens between the sight of a dead holder and the claim on its place. */
let mockMeanwhile: () => Promise<void> = () => Promise.resolve();

jest.mock('./lock-file', () => {
  const actual = jest.requireActual<typeof import('./lock-file')>('./lock-file');
  return {
    ...actual,
    createLock: async (path: string) => {
      if (path.endsWith('.heir')) await mockMeanwhile();
      return actual.createLock(path);
    },
  };
});

describe('Taking a dead holder’s place too late', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-lock-'));
    file = join(folder, '.operation.lock');
    await HostLock.take(folder, 'backup', 'gone', 30_000);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/"startedTicks":"\d+"/, '"startedTicks":"1"'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('leaves the one that was quicker its lock', async () => {
    let quicker: HostLock | undefined;
    mockMeanwhile = async () => {
      mockMeanwhile = () => Promise.resolve();
      quicker = await HostLock.take(folder, 'prune', 'quicker', 30_000);
    };
    const late = await HostLock.take(folder, 'backup', 'late', 30_000).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(OperationUnderWay);
    expect(late).toMatchObject({ owner: 'quicker', operation: 'prune' });
    await quicker?.beat();
    await quicker?.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes the lock where the one that was quicker has let it go', async () => {
    mockMeanwhile = async () => {
      mockMeanwhile = () => Promise.resolve();
      await (await HostLock.take(folder, 'prune', 'quicker', 30_000)).release();
    };
    const late = await HostLock.take(folder, 'backup', 'late', 30_000);
    expect(late.endedOwner).toBeUndefined();
    await late.beat();
    await late.release();
    expect(await readdir(folder)).toEqual([]);
  });
});
