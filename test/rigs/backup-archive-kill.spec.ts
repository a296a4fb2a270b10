import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, SystemClock } from '@tiptop/platform';
import { LocalBackups } from '../../libs/ops/src/local/local-backups';
import { ArchiveProcess } from './support/archive-process';

const BEFORE = 'daily-20261121T020000Z';
const KILLED = 'daily-20261122T020000Z';
const NEXT = 'daily-20261123T020000Z';
/** More changes than a backup of one file makes, so that a loop that never ends fails. */
const BOUND = 60;

describe('A backup whose process is killed with -9 before any change to the disk', () => {
  const { signal } = new AbortController();
  let program: ArchiveProcess;
  let folder: string;
  let local: LocalBackups;

  beforeAll(async () => {
    program = await ArchiveProcess.build();
    folder = await mkdtemp(join(tmpdir(), 'tiptop-kill-'));
    local = new LocalBackups(loadConfig({ NODE_ENV: 'test', DATA_DIR: folder }), new SystemClock());
    await program.run({ work: 'back up', folder, id: BEFORE });
  }, 120_000);

  afterAll(async () => {
    await rm(folder, { recursive: true });
    await program.remove();
  });

  async function verifiedIds(): Promise<string[]> {
    const { backups } = await local.list();
    for (const { id } of backups) await local.verify(id, signal);
    return backups.map(({ id }) => id);
  }

  async function filesLeft(): Promise<string[]> {
    return (await readdir(join(folder, 'backups'), { recursive: true })).toSorted();
  }

  /** After a crash: whole or nothing, nothing else harmed, and once what is left is swept no trace. */
  async function expectWholeOrNothing(): Promise<'whole' | 'nothing'> {
    const { faults } = await local.list();
    // The archive may be there without its manifest, told as what it is: no backup.
    expect(faults.filter(({ reason }) => reason !== 'has no manifest beside it')).toEqual([]);
    const ids = await verifiedIds();
    await local.sweep({ dead: [KILLED] });
    expect(await local.list()).toMatchObject({ partials: [], faults: [] });
    expect(await verifiedIds()).toEqual(ids);
    expect(ids.filter((id) => id !== KILLED)).toEqual([BEFORE]);
    expect(await filesLeft()).toHaveLength(1 + 2 * ids.length);
    return ids.includes(KILLED) ? 'whole' : 'nothing';
  }

  it('is there as a whole or not at all, and the next one is made', async () => {
    const seen: string[] = [];
    let killBefore = 0;
    for (; killBefore < BOUND; killBefore++) {
      const outcome = await program.run({ work: 'back up', folder, id: KILLED, killBefore });
      if (outcome) break;
      // Nothing up to the manifest's rename, and whole from there on. By name: how many changes come before it varies by one.
      const published = program.before.some((change) => /^rename .*daily\/[^/]+\.manifest\.json$/.test(change));
      seen.push(await expectWholeOrNothing());
      expect([killBefore, program.before.at(-1), seen.at(-1)]).toEqual([
        killBefore,
        program.before.at(-1),
        published ? 'whole' : 'nothing',
      ]);
      if (published) await local.remove(KILLED);
    }
    expect(killBefore).toBeLessThan(BOUND);
    expect(seen.filter((state) => state === 'nothing').length).toBeGreaterThan(15);
    expect(seen.filter((state) => state === 'whole').length).toBeGreaterThan(1);
    await local.remove(KILLED);
    await program.run({ work: 'back up', folder, id: NEXT });
    expect(await verifiedIds()).toEqual([NEXT, BEFORE]);
    await local.remove(NEXT);
  }, 300_000);

  it('is removed as a whole or not at all', async () => {
    const seen: string[] = [];
    let killBefore = 0;
    for (; killBefore < BOUND; killBefore++) {
      if (!(await verifiedIds()).includes(KILLED)) await program.run({ work: 'back up', folder, id: KILLED });
      if (await program.run({ work: 'remove', folder, id: KILLED, killBefore })) break;
      seen.push(await expectWholeOrNothing());
    }
    expect(killBefore).toBeLessThan(BOUND);
    const first = seen.indexOf('nothing');
    expect(first).toBeGreaterThan(0);
    expect(seen.slice(first)).toEqual(seen.slice(first).fill('nothing'));
    expect(await verifiedIds()).toEqual([BEFORE]);
  }, 300_000);

  it('puts each part on the disk before the next one stands on it', async () => {
    const outcome = await program.run({ work: 'back up', folder, id: KILLED });
    const { changes } = outcome!;
    const partial = `.${KILLED}.partial`;
    const at = (change: string): number => {
      expect(changes).toContain(change);
      return changes.indexOf(change);
    };
    const order = [
      `sync ${partial}/${KILLED}.tar.age`,
      `sync ${partial}/${KILLED}.manifest.json`,
      `rename ${partial}/${KILLED}.tar.age daily/${KILLED}.tar.age`,
      `sync ${join(folder, 'backups')}/daily`.replace(`${join(folder, 'backups')}/`, ''),
      `rename ${partial}/${KILLED}.manifest.json daily/${KILLED}.manifest.json`,
      `rm ${partial}`,
    ].map(at);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    const published = changes.slice(order[4]! + 1, order[5]);
    expect(published).toContain('sync daily');
    await local.remove(KILLED);
  }, 60_000);
});
