import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostLock } from './host-lock';
import { LeaseLost, OperationUnderWay } from './operation.errors';
import { hasEnded, ownIdentity, type ProcessIdentity } from './process-identity';

const STALE_MS = 30_000;

describe('HostLock', () => {
  let folder: string;
  let file: string;
  const held: HostLock[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-lock-'));
    file = join(folder, '.operation.lock');
  });
  afterEach(async () => {
    for (const lock of held.splice(0)) await lock.release();
    await rm(folder, { recursive: true });
  });

  async function take(owner: string, staleMs = STALE_MS): Promise<HostLock> {
    const lock = await HostLock.take(folder, 'backup', owner, staleMs);
    held.push(lock);
    return lock;
  }
  const contents = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  async function change(changes: Record<string, unknown>, path = file): Promise<void> {
    await writeFile(path, JSON.stringify({ ...(await contents()), ...changes }));
  }
  const own = async (): Promise<ProcessIdentity> => (await contents())['process'] as ProcessIdentity;
  /** As if its last heartbeat were so long ago. */
  async function silence(ms: number): Promise<void> {
    await change({ beatMs: Number(process.hrtime.bigint() / 1_000_000n) - ms });
    const then = new Date(Date.now() - ms);
    await utimes(file, then, then);
  }

  it('is held by one at a time, and tells of it', async () => {
    const first = await take('first');
    const refusal = await take('second').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(OperationUnderWay);
    expect(refusal).toMatchObject({ operation: 'backup', owner: 'first', since: expect.any(Date) as Date });
    await first.release();
    await take('second');
    expect(await readdir(folder)).toEqual(['.operation.lock']);
  });

  it('is given to one of many', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => take(`of many ${n}`)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is left where its holder lives, and taken at once where it has ended', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const stat = await readFile(`/proc/${child.pid!}/stat`, 'utf8');
    await take('gone');
    const sleeper = { ...(await own()), pid: child.pid!, startedTicks: stat.split(' ')[21]! };
    await change({ process: sleeper });
    await expect(take('next')).rejects.toThrow(OperationUnderWay);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await take('next');
    expect(next.endedOwner).toBe('gone');
    expect(await contents()).toMatchObject({ owner: 'next' });
    expect(await readdir(folder)).toEqual(['.operation.lock']);
  });

  it('is taken of a process that has ended and waits for its parent', async () => {
    // The second program takes the shell's place and never asks for its child.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60']);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const partsOf = async (): Promise<string[]> => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
    while ((await partsOf())[2] !== 'Z') await new Promise((wake) => setTimeout(wake, 20));
    await take('gone');
    await change({ process: { ...(await own()), pid, startedTicks: (await partsOf())[21]! } });
    expect((await take('next')).endedOwner).toBe('gone');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });

  it('is not taken for another process that has its number by now', async () => {
    await take('gone');
    await change({ process: { ...(await own()), startedTicks: '1' } });
    expect((await take('next')).endedOwner).toBe('gone');
  });

  it.each(['bootId', 'pidNamespace'])('judges a holder with another %s by its silence alone', async (key) => {
    await take('far away');
    await change({ process: { ...(await own()), [key]: 'another', pid: 1, startedTicks: '1' } });
    await expect(take('next')).rejects.toThrow(OperationUnderWay);
    await silence(STALE_MS - 5000);
    await expect(take('next')).rejects.toThrow(OperationUnderWay);
    await silence(STALE_MS + 1000);
    expect((await take('next')).endedOwner).toBeUndefined();
  });

  it('is taken from a holder that lives and is silent, which finds out', async () => {
    const first = await take('silent');
    await silence(STALE_MS + 1000);
    await take('next');
    await expect(first.beat()).rejects.toThrow(LeaseLost);
    await first.release();
    expect(await contents()).toMatchObject({ owner: 'next' });
  });

  it.each([60, -1])('is kept though the machine’s clock is %i days off', async (days) => {
    const lock = await take('holder');
    const wrong = new Date(Date.now() - days * 86_400_000);
    await utimes(file, wrong, wrong);
    await expect(take('next')).rejects.toThrow(OperationUnderWay);
    await lock.beat();
    await expect(take('next')).rejects.toThrow(OperationUnderWay);
  });

  it('is kept alive by its heartbeat', async () => {
    const lock = await take('holder', 300);
    for (let n = 0; n < 8; n++) {
      await new Promise((wake) => setTimeout(wake, 100));
      await lock.beat();
    }
    await expect(take('next', 300)).rejects.toThrow(OperationUnderWay);
    await new Promise((wake) => setTimeout(wake, 400));
    await take('next', 300);
  });

  it.each(['', 'not JSON', '{"token":"../../etc","owner":"x"}', 'null'])(
    'judges a file that holds %j by its age',
    async (text) => {
      await writeFile(file, text);
      await expect(take('next')).rejects.toThrow(OperationUnderWay);
      const then = new Date(Date.now() - STALE_MS - 1000);
      await utimes(file, then, then);
      await take('next');
      expect(await readdir(folder)).toEqual(['.operation.lock']);
    },
  );

  it('is given to one of many who find the same dead holder, time and again', async () => {
    for (let round = 0; round < 20; round++) {
      await take('gone');
      await change({ process: { ...(await own()), startedTicks: '1' } });
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => take(`heir ${n}`)));
      const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(won).toHaveLength(1);
      await won[0]!.beat();
      for (const lock of held.splice(0)) await lock.release();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('is taken though the one who was to take it has died in the middle of that', async () => {
    await take('gone');
    const token = (await contents())['token'] as string;
    const dead = { ...(await own()), startedTicks: '1' };
    await change({ process: dead });
    await change({ token: 'abc', owner: 'the heir', process: dead }, join(folder, `.operation.${token}.heir`));
    const next = await take('next');
    expect(next.endedOwner).toBe('gone');
    expect(await readdir(folder)).toEqual(['.operation.lock']);
  });

  it('is not taken while another one is taking it', async () => {
    await take('gone');
    const token = (await contents())['token'] as string;
    await change({ token: 'abc', owner: 'the heir' }, join(folder, `.operation.${token}.heir`));
    await change({ process: { ...(await own()), startedTicks: '1' } });
    await expect(take('next')).rejects.toMatchObject({ owner: 'the heir' });
  });

  it('is lost where its file is removed', async () => {
    const lock = await take('holder');
    await rm(file);
    await expect(lock.beat()).rejects.toThrow(LeaseLost);
  });

  it('says which file could not be written', async () => {
    await writeFile(join(folder, 'no-folder'), '');
    const failed = HostLock.take(join(folder, 'no-folder', 'x'), 'backup', 'nobody', STALE_MS);
    await expect(failed).rejects.toThrow(/^The lock file .*no-folder\/x\/\.operation\.lock could not be written: /);
  });

  it('knows its own process to live', async () => {
    const process = await ownIdentity();
    expect(process.bootId).not.toBe('');
    expect(await hasEnded(process, process)).toBe(false);
  });
});
