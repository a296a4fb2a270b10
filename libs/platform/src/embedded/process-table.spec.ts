import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgres } from './index';
import { childrenOf, commandLineFromPs, commandLineOf, isRunning, isTaken, signal } from './process-table';
import { Scratch } from './spec-support/scratch';

// Slim images come without it.
const hasPs = existsSync('/bin/ps');

describe('process table', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clear());

  it('tells the arguments of a live process', async () => {
    const child = spawn('/bin/sleep', ['5.5']);
    expect(await commandLineOf(child.pid!)).toEqual(['/bin/sleep', '5.5']);
    if (hasPs) expect(await commandLineFromPs(child.pid!)).toEqual(['/bin/sleep 5.5']);
    expect(await childrenOf(process.pid)).toContain(child.pid);
    child.kill();
  });

  it('finds the folder of a server among the arguments that ps joins', async () => {
    const dataDir = scratch.dataDir(join(scratch.folder(), 'my -c files'));
    const database = await EmbeddedPostgres.start({ dataDir });
    const pid = await scratch.serverPid(dataDir);
    const [program, flag, folder] = await commandLineOf(pid);
    expect([flag, folder]).toEqual(['-D', join(dataDir, 'postgres')]);
    if (hasPs) expect(await commandLineFromPs(pid)).toEqual([program, flag, folder]);
    await database.stop();
  });

  it('counts a zombie as ended, though its id is still taken', async () => {
    // The shell becomes a program that never looks after its child.
    const parent = spawn('/bin/sh', ['-c', '/bin/true & exec /bin/sleep 5']);
    let zombie: number | undefined;
    while (
      zombie === undefined ||
      (await commandLineOf(parent.pid!))[0] !== '/bin/sleep' ||
      (await isRunning(zombie))
    ) {
      await sleep(5);
      [zombie] = await childrenOf(parent.pid!);
    }
    expect(isTaken(zombie)).toBe(true);
    expect(await commandLineFromPs(zombie)).toEqual([]);
    parent.kill();
  });

  it('has no objection to a process that is gone', async () => {
    const child = spawn('/bin/true');
    await new Promise((done) => child.on('exit', done));
    expect(isTaken(child.pid!)).toBe(false);
    expect(await commandLineOf(child.pid!)).toEqual([]);
    expect(await childrenOf(child.pid!)).toEqual([]);
    expect(() => {
      signal(child.pid!, 'SIGINT');
    }).not.toThrow();
  });
});
