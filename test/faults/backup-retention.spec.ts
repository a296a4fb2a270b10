import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveName, manifestName, partialName } from '../../libs/ops/src/backups/backup-id';
import '../support/one-realm';
import { DAY_MS, nights, removals, RetentionStage, staged } from '../support/retention-stage';
import { never } from '../support/store-contract';

/** Older than anything may be, by six days and less. */
const OLD = ['2026-06-02', '2026-06-03', '2026-06-04', '2026-06-05', '2026-06-06', '2026-06-07'].map((day) =>
  staged('manual', day),
);
const RECENT = nights('2026-11-20', '2026-11-25');
const OLD_IDS = OLD.map(({ id }) => id);
const RECENT_IDS = RECENT.map(({ id }) => id);

describe('Removing backups when something is wrong', () => {
  let stage: RetentionStage;

  afterEach(() => stage.remove());

  describe('with a clock', () => {
    it.each([
      ['sixty days ahead', 60, /is 1440 hours ahead of that of s3/],
      ['a day behind', -1, /is behind the newest backup here, daily-20261125T020000Z/],
    ])('%s, nothing is removed anywhere', async (_what, days, why) => {
      stage = await RetentionStage.create();
      await stage.addLocal([...OLD, ...RECENT]);
      stage.addRemote([...OLD, ...RECENT]);
      stage.stores[1]!.time = undefined;
      stage.clock.moveBy(days * DAY_MS);
      const { places } = await stage.pruner.plan(never());
      for (const plan of places) {
        expect(plan.refused).toMatch(why);
        expect(removals(plan)).toEqual([]);
        expect(plan.decisions).toHaveLength(12);
        expect(plan.decisions.at(-1)!.reasons[0]).toBe(`nothing is removed: ${plan.refused!}`);
        await expect(stage.pruner.prune(plan.place, never())).rejects.toMatchObject({
          name: 'StepFailure',
          mayPass: false,
          message: expect.stringMatching(/^Removing old backups from .* is refused: the clock/) as string,
        });
      }
      expect(await stage.localDays()).toHaveLength(12);
      for (const store of stage.stores) {
        expect(stage.remoteIds(store)).toHaveLength(12);
        expect(store.calls.filter((call) => /^(remove|sweep)/.test(call))).toEqual([]);
      }
      // Once the clock is right, all is as it was.
      stage.clock.moveBy(-days * DAY_MS);
      expect((await stage.pruner.prune('s3', never())).removed).toHaveLength(6);
    });

    it('of one store that is behind, nothing is removed there and here, and the others go on', async () => {
      stage = await RetentionStage.create();
      await stage.addLocal([...OLD, ...RECENT]);
      stage.addRemote([...OLD, ...RECENT]);
      stage.stores[1]!.time = new Date(stage.clock.now().getTime() - 60 * DAY_MS);
      const { places } = await stage.pruner.plan(never());
      const ahead = expect.stringMatching(/is 1440 hours ahead of that of sftp/) as string;
      expect(places.map(({ place, refused }) => [place, refused])).toEqual([
        ['local', ahead],
        ['s3', null],
        ['sftp', ahead],
      ]);
      expect((await stage.pruner.prune('s3', never())).removed).toHaveLength(6);
    });

    it('that was sixty days ahead for one backup, nothing is removed for its sake', async () => {
      stage = await RetentionStage.create();
      const ahead = staged('daily', '2027-01-24T02:00:00Z');
      await stage.addLocal([...RECENT, ahead]);
      stage.addRemote([...RECENT, ahead]);
      for (const place of ['local', 's3']) {
        await expect(stage.pruner.prune(place, never())).rejects.toThrow(`behind the newest backup here, ${ahead.id}`);
      }
      expect(await stage.localDays()).toHaveLength(7);
    });

    it('of its own the store dates what broken uploads left', async () => {
      stage = await RetentionStage.create();
      stage.addRemote(RECENT);
      const lone = staged('daily', '2026-11-22T09:00:00Z');
      const put = (at: string): void => {
        stage.addFile(stage.s3, lone.kind, archiveName(lone.id), 'half', new Date(at));
      };
      // By this machine's clock it is old; by the store's, it came a minute ago.
      put('2026-11-24T04:59:00Z');
      stage.s3.time = new Date('2026-11-24T05:00:00Z');
      expect(removals(await stage.planOf('s3'))).toEqual([]);
      // It tells no time: then it is as old as it was when something else came.
      stage.s3.time = undefined;
      put('2026-11-24T02:00:01Z');
      expect(removals(await stage.planOf('s3'))).toEqual([]);
      put('2026-11-24T01:59:59Z');
      expect(removals(await stage.planOf('s3'))).toEqual([lone.id]);
    });
  });

  it('after forty nights of failures the last two verified remain, and all that was not due by then', async () => {
    stage = await RetentionStage.create();
    const good = nights('2026-10-20', '2026-11-25');
    await stage.addLocal(good);
    stage.addRemote(good);
    for (const place of ['local', 's3']) {
      for (let run = 0; run < 2; run++) await stage.pruner.prune(place, never());
    }
    const [local, remote] = [await stage.localDays(), stage.remoteIds()];
    expect(local.slice(-2)).toEqual(['2026-11-24', '2026-11-25']);
    stage.setTime('2027-01-04T05:00:00Z');
    // Some nights made nothing at all, and some a dump that nobody trusts.
    const bad = nights('2026-12-20', '2027-01-04', 'too small');
    await stage.addLocal(bad);
    stage.addRemote(bad);
    for (const place of ['local', 's3', 'sftp']) {
      expect(await stage.pruner.prune(place, never())).toMatchObject({ removed: [], failed: [] });
    }
    expect((await stage.localDays()).slice(0, local.length)).toEqual(local);
    expect(stage.remoteIds().slice(0, remote.length)).toEqual(remote);

    // Long after: nothing is left to remove but what is due, and these two stay beside bad ones.
    await rm(stage.root, { recursive: true });
    await stage.addLocal([...good.slice(-2), ...bad]);
    stage.setTime('2027-11-25T05:00:00Z');
    expect((await stage.pruner.prune('local', never())).removed).toEqual([]);
    expect((await stage.localDays()).slice(0, 2)).toEqual(['2026-11-24', '2026-11-25']);
  });

  it('seven bad dumps in a row evict no good one', async () => {
    stage = await RetentionStage.create({ keep: { removeAtMost: 100 } });
    const good = nights('2026-08-01', '2026-11-25');
    await stage.addLocal(good.slice(-40));
    stage.addRemote(good);
    const places = ['local', 's3', 'sftp'];
    for (const place of places) await stage.pruner.prune(place, never());
    const [local, remote] = [await stage.localDays(), stage.remoteIds()];
    for (const bad of nights('2026-11-26', '2026-12-02', 'the dump is suspiciously small')) {
      await stage.addLocal([bad]);
      stage.addRemote([bad]);
      stage.setTime(new Date(bad.at.getTime() + 3 * 3_600_000).toISOString());
      for (const place of places) {
        expect(await stage.pruner.prune(place, never())).toMatchObject({ removed: [], failed: [], kept: [] });
      }
    }
    expect((await stage.localDays()).slice(0, -7)).toEqual(local);
    expect(stage.remoteIds().slice(0, -7)).toEqual(remote);
  });

  it('on this machine one that can’t be removed is told, and the others go', async () => {
    stage = await RetentionStage.create();
    await stage.addLocal([...OLD, ...RECENT]);
    // Its way out is blocked.
    await writeFile(join(stage.root, partialName(OLD_IDS[1]!)), '');
    const { removed, failed } = await stage.pruner.prune('local', never());
    expect(removed.map(({ id }) => id)).toEqual([OLD_IDS[0], ...OLD_IDS.slice(2)]);
    expect(failed).toEqual([{ id: OLD_IDS[1], why: expect.stringContaining(OLD_IDS[1]!) as string }]);
    expect((await stage.localDays())[0]).toBe('2026-06-03');
  });

  it('on this machine nothing more goes once the run is ended', async () => {
    stage = await RetentionStage.create();
    await stage.addLocal([...OLD, ...RECENT]);
    const ending = new AbortController();
    stage.onLine = ({ msg }) => {
      if (msg === 'Backup removed') ending.abort();
    };
    await expect(stage.pruner.prune('local', ending.signal)).rejects.toMatchObject({
      name: 'StepFailure',
      message: `Removing old backups from ${stage.root}: the run stops`,
    });
    expect(await stage.localDays()).toHaveLength(11);
    expect((await stage.local.list()).faults).toEqual([]);
  });

  it('on this machine what is not whole counts for nothing, stays, and is told', async () => {
    stage = await RetentionStage.create();
    await stage.addLocal([...OLD, ...RECENT]);
    const [lone, bare, cut] = RECENT_IDS.slice(3);
    await truncate(join(stage.root, 'daily', archiveName(cut!)), 5);
    await rm(join(stage.root, 'daily', archiveName(bare!)));
    await rm(join(stage.root, 'daily', manifestName(lone!)));
    const plan = await stage.planOf('local');
    expect(plan).toMatchObject({ newestVerified: RECENT_IDS[2], unknown: { length: 3 } });
    const { warnings, removed } = await stage.pruner.prune('local', never());
    expect(warnings.toSorted()).toEqual([
      `daily/${archiveName(RECENT_IDS[3]!)} has no manifest beside it`,
      `daily/${manifestName(RECENT_IDS[4]!)} has no archive beside it`,
      expect.stringMatching(/^daily\/daily-20261125T020000Z.manifest.json is not sound: .* is cut off/) as string,
    ]);
    expect(removed.map(({ id }) => id)).toEqual(OLD_IDS);
    expect((await stage.local.list()).faults).toHaveLength(3);
  });

  it('a folder that can’t be read is told, and spoils no store', async () => {
    stage = await RetentionStage.create();
    stage.addRemote([...OLD, ...RECENT]);
    await writeFile(stage.root, 'a file in the place of the folder');
    const local = await stage.planOf('local');
    expect(local).toMatchObject({ decisions: [], error: expect.stringContaining('could not be read') as string });
    expect(removals(await stage.planOf('s3'))).toEqual(OLD_IDS);
    await expect(stage.pruner.prune('local', never())).rejects.toMatchObject({ name: 'StepFailure' });
  });

  it('without knowing what is relied on nothing is planned nor removed', async () => {
    stage = await RetentionStage.create();
    stage.addRemote([...OLD, ...RECENT]);
    stage.protection.ids = () => Promise.reject(new Error('the database is down'));
    for (const asked of [stage.pruner.plan(never()), stage.pruner.prune('s3', never())]) {
      await expect(asked).rejects.toMatchObject({
        name: 'StepFailure',
        mayPass: true,
        message: 'Which backups something relies on can’t be told: the database is down',
      });
    }
    expect(stage.remoteIds()).toHaveLength(12);
  });
});
