import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HostLock } from '../../libs/ops/src/schedule/host-lock';
import { OperationUnderWay } from '../../libs/ops/src/schedule/operation.errors';
import { SmallDisk } from './support/small-disk';

describe('The lock file on a full disk', () => {
  let disk: SmallDisk;

  beforeEach(() => {
    disk = new SmallDisk(1);
  });
  afterEach(() => {
    disk.remove();
  });

  /** Not a byte is left after this. */
  async function fill(): Promise<void> {
    await expect(writeFile(join(disk.folder, 'filling'), Buffer.alloc(4_000_000))).rejects.toThrow('ENOSPC');
  }
  const take = async (owner: string, staleMs = 30_000): Promise<HostLock> =>
    HostLock.take(disk.folder, 'prune', owner, staleMs);

  it('keeps others out all the same, so that pruning can make room', async () => {
    await fill();
    const lock = await take('first');
    expect((await stat(join(disk.folder, '.operation.lock'))).size).toBe(0);
    await expect(take('second')).rejects.toThrow(OperationUnderWay);
    for (let n = 0; n < 5; n++) {
      await pause(100);
      await lock.beat();
    }
    await expect(take('second', 300)).rejects.toThrow(OperationUnderWay);
    await pause(400);
    await (await take('second', 300)).release();
    expect(await readdir(disk.folder)).toEqual(['filling']);
    await lock.release();
  });

  it('is kept alive where the disk fills up while it is held', async () => {
    const lock = await take('first');
    await fill();
    await lock.beat();
    await expect(take('second')).rejects.toMatchObject({ owner: 'first' });
    await lock.release();
    expect(await readdir(disk.folder)).toEqual(['filling']);
  });
});
