import { readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgres } from './index';
import { isPostmasterOf, parsePostmasterPid, readPidFile, removeStalePidFile } from './postmaster-pid';
import { Scratch } from './spec-support/scratch';

const FULL = '1234\n/data/postgres\n1700000000\n54321\n\n127.0.0.1\n  1048578   131072\nready   \n';

describe('postmaster.pid', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clear());

  it('is read as far as it has been written', () => {
    expect(parsePostmasterPid(FULL)).toEqual({ pid: 1234, port: 54321, status: 'ready' });
    expect(parsePostmasterPid('1234\n/data/postgres\n1700000000\n54321\n\n')).toEqual({
      pid: 1234,
      port: 54321,
      status: '',
    });
    expect(parsePostmasterPid('1234')).toEqual({ pid: 1234, port: 0, status: '' });
    expect(parsePostmasterPid('-1234\n')?.pid).toBe(1234);
    for (const text of ['', '\n', 'x', '0']) expect(parsePostmasterPid(text)).toBeUndefined();
  });

  it('may be missing or empty', async () => {
    const folder = scratch.folder();
    expect(await readPidFile(folder)).toEqual({ kind: 'missing' });
    const file = join(folder, 'postmaster.pid');
    writeFileSync(file, '');
    utimesSync(file, new Date(), new Date(Date.now() - 60_000));
    const state = await readPidFile(folder);
    expect(state.kind === 'torn' && state.ageMs).toBeGreaterThan(59_000);
  });

  it('is only removed while it is the one that was judged', async () => {
    const folder = scratch.folder();
    const file = join(folder, 'postmaster.pid');
    writeFileSync(file, FULL);
    await removeStalePidFile(folder, 99);
    await removeStalePidFile(folder, undefined);
    expect(readFileSync(file, 'utf8')).toBe(FULL);
    await removeStalePidFile(folder, 1234);
    await removeStalePidFile(folder, 1234);
    expect(await readPidFile(folder)).toEqual({ kind: 'missing' });
  });

  it('tells the server of a cluster from other programs and other servers', async () => {
    const dataDir = scratch.dataDir();
    const cluster = join(dataDir, 'postgres');
    const database = await EmbeddedPostgres.start({ dataDir });
    const pid = await scratch.serverPid(dataDir);
    expect(await isPostmasterOf(pid, cluster)).toBe(true);
    expect(await isPostmasterOf(process.pid, cluster)).toBe(false);
    expect(await isPostmasterOf(pid, scratch.folder())).toBe(false);

    const link = join(scratch.folder(), 'link');
    symlinkSync(cluster, link);
    expect(await isPostmasterOf(pid, link)).toBe(true);
    renameSync(dataDir, `${dataDir}-moved`);
    expect(await isPostmasterOf(pid, `${dataDir}-moved/postgres`)).toBe(true);
    renameSync(`${dataDir}-moved`, dataDir);

    await database.stop();
    expect(await isPostmasterOf(pid, cluster)).toBe(false);
  });
});
