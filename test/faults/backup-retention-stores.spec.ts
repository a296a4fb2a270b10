import { archiveName, manifestName } from '../../libs/ops/src/backups/backup-id';
import '../support/one-realm';
import { MemoryStore } from '../support/memory-store';
import { nights, removals, RetentionStage, staged } from '../support/retention-stage';
import { never } from '../support/store-contract';

/** Older than anything may be, by six days and less. */
const OLD = ['2026-06-02', '2026-06-03', '2026-06-04', '2026-06-05', '2026-06-06', '2026-06-07'].map((day) =>
  staged('manual', day),
);
const RECENT = nights('2026-11-20', '2026-11-25');
const OLD_IDS = OLD.map(({ id }) => id);
const RECENT_IDS = RECENT.map(({ id }) => id);

describe('Removing backups from a store', () => {
  let stage: RetentionStage;

  afterEach(() => stage.remove());

  it('that fails midway: what was begun is told, what is whole stays whole, and the next run finishes', async () => {
    class FailingStore extends MemoryStore {
      left = Infinity;
      override remove(kind: string, name: string, signal: AbortSignal): Promise<'removed' | 'kept'> {
        if (this.left-- <= 0) this.fail('remove');
        return super.remove(kind, name, signal);
      }
    }
    const store = new FailingStore('s3');
    stage = await RetentionStage.create({ stores: [store] });
    stage.addRemote([...OLD, ...RECENT]);
    // Of the second one the manifest, and no more.
    store.left = 3;
    const outcome = await stage.pruner.prune('s3', never());
    expect(outcome.removed.map(({ id }) => id)).toEqual([OLD_IDS[0]]);
    // It is not asked for ever: after three in a row the others are left to the next run.
    expect(outcome.failed).toEqual(OLD_IDS.slice(1, 4).map((id) => ({ id, why: 's3: remove was made to fail' })));
    expect(outcome.detail).toMatch(/^1 removed, .*; 6 kept; 3 failed; 2 left to the next run$/);
    expect(stage.remoteIds()).toEqual([...OLD_IDS.slice(2), ...RECENT_IDS]);
    expect(store.files.has(`manual/${archiveName(OLD_IDS[1]!)}`)).toBe(true);
    expect(stage.lines.filter(({ level }) => level === 'warn')).toHaveLength(3);

    store.left = Infinity;
    store.heal();
    const next = await stage.pruner.prune('s3', never());
    expect(next.removed.map(({ id }) => id)).toEqual(OLD_IDS.slice(1));
    expect(next.removed[0]!.why).toMatch(/^an archive without a manifest/);
    expect(next).toMatchObject({ failed: [], warnings: [] });
    expect(stage.remoteIds()).toEqual(RECENT_IDS);
    expect(store.files.size).toBe(2 * RECENT.length);
  });

  it('from which one backup can’t be removed: the others go', async () => {
    class StubbornStore extends MemoryStore {
      override remove(kind: string, name: string, signal: AbortSignal): Promise<'removed' | 'kept'> {
        if (OLD_IDS.some((id, n) => n % 2 === 0 && name.includes(id))) this.fail('remove', 1);
        return super.remove(kind, name, signal);
      }
    }
    stage = await RetentionStage.create({ stores: [new StubbornStore('s3')] });
    stage.addRemote([...OLD, ...RECENT]);
    const { removed, failed } = await stage.pruner.prune('s3', never());
    expect(failed.map(({ id }) => id)).toEqual([OLD_IDS[0], OLD_IDS[2], OLD_IDS[4]]);
    expect(removed.map(({ id }) => id)).toEqual([OLD_IDS[1], OLD_IDS[3], OLD_IDS[5]]);
  });

  it('where the run is ended between a manifest and its archive: no manifest is without archive, the next finishes', async () => {
    const ending = new AbortController();
    class EndingStore extends MemoryStore {
      override async remove(kind: string, name: string, signal: AbortSignal): Promise<'removed' | 'kept'> {
        const answer = await super.remove(kind, name, signal);
        if (name === manifestName(OLD_IDS[2]!)) ending.abort();
        return answer;
      }
    }
    const store = new EndingStore('s3');
    stage = await RetentionStage.create({ stores: [store] });
    stage.addRemote([...OLD, ...RECENT]);
    await expect(stage.pruner.prune('s3', ending.signal)).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: 'Removing old backups from memory:s3: the run stops',
    });
    expect(stage.remoteIds()).toEqual([...OLD_IDS.slice(3), ...RECENT_IDS]);
    expect(store.files.has(`manual/${archiveName(OLD_IDS[2]!)}`)).toBe(true);
    expect(store.calls.at(-1)).toBe(`remove manual/${archiveName(OLD_IDS[2]!)}`);
    const { removed } = await stage.anotherPruner().prune('s3', never());
    expect(removed.map(({ id }) => id)).toEqual(OLD_IDS.slice(2));
    expect(store.files.size).toBe(2 * RECENT.length);
  });

  it('that keeps what Object Lock retains: it is told, left whole, and takes nobody’s place', async () => {
    stage = await RetentionStage.create({ keep: { removeAtMost: 2 } });
    stage.addRemote([...OLD, ...RECENT]);
    for (const id of OLD_IDS.slice(0, 3)) stage.s3.lock('manual', manifestName(id));
    const before = stage.s3.files.size;
    const outcome = await stage.pruner.prune('s3', never());
    expect(outcome.kept).toEqual(
      OLD_IDS.slice(0, 3).map((id) => ({
        id,
        why: 'the store does not let it go (Object Lock, or no right to remove)',
      })),
    );
    expect(outcome.removed.map(({ id, why }) => [id, why])).toEqual(
      OLD_IDS.slice(3, 5).map((id) => [id, 'older than 90 days']),
    );
    expect(outcome).toMatchObject({ failed: [], warnings: [] });
    expect(outcome.detail).toMatch(/^2 removed, .*; 6 kept; 3 due that the store does not let go; 1 left to/);
    expect(stage.s3.files.size).toBe(before - 4);
    for (const id of OLD_IDS.slice(0, 3)) {
      expect(stage.s3.calls).not.toContain(`remove manual/${archiveName(id)}`);
      expect(stage.remoteIds()).toContain(id);
    }
  });

  it('that keeps an archive alone: it is not counted, and is tried again', async () => {
    stage = await RetentionStage.create();
    const one = OLD[0]!;
    stage.addRemote([one, ...RECENT]);
    stage.s3.lock('manual', archiveName(one.id));
    for (const half of ['; its manifest is removed, and a later run tries again', '']) {
      expect(await stage.pruner.prune('s3', never())).toMatchObject({
        removed: [],
        freedBytes: 0,
        kept: [
          { id: one.id, why: `the store does not let its archive go (Object Lock, or no right to remove)${half}` },
        ],
      });
    }
    expect(stage.s3.files.size).toBe(2 * RECENT.length + 1);
  });

  it('that can’t be asked: it says so, and spoils no other', async () => {
    stage = await RetentionStage.create();
    await stage.addLocal([...OLD, ...RECENT]);
    stage.addRemote([...OLD, ...RECENT]);
    for (const method of ['now', 'list', 'read'] as const) {
      stage.s3.fail(method);
      expect(await stage.planOf('s3')).toEqual({
        place: 's3',
        where: 'memory:s3',
        refused: null,
        newestVerified: null,
        decisions: [],
        unknown: [],
        error: `s3: ${method} was made to fail`,
      });
      expect(removals(await stage.planOf('local'))).toEqual(OLD_IDS);
      expect(removals(await stage.planOf('sftp'))).toEqual(OLD_IDS);
      await expect(stage.pruner.prune('s3', never())).rejects.toMatchObject({ name: 'StepFailure', mayPass: true });
      stage.s3.heal();
    }
    stage.s3.fail('list', 1, false);
    await expect(stage.pruner.prune('s3', never())).rejects.toMatchObject({ name: 'StepFailure', mayPass: false });
    expect(stage.remoteIds()).toHaveLength(12);
    expect(removals(await stage.planOf('s3'))).toEqual(OLD_IDS);
  });

  it('that hangs: the others have their plan when time is up', async () => {
    stage = await RetentionStage.create();
    stage.addRemote([...OLD, ...RECENT]);
    for (const method of ['list', 'read'] as const) {
      stage.s3.hang(method);
      const { places } = await stage.anotherPruner().plan(AbortSignal.timeout(300));
      expect(places.map(({ place, error }) => [place, error])).toEqual([
        ['local', null],
        ['s3', 'Planning the retention: it took longer than a step may'],
        ['sftp', null],
      ]);
      expect(removals(places[2]!)).toEqual(OLD_IDS);
      stage.s3.heal();
    }
    const ended = stage.pruner.plan(AbortSignal.abort());
    await expect(ended).rejects.toMatchObject({ name: 'StepFailure', mayPass: false });
  });

  it('that does not tell its time: it is not waited for', async () => {
    stage = await RetentionStage.create();
    stage.addRemote([...OLD, ...RECENT]);
    stage.s3.hang('now');
    const message = 's3 (memory:s3) did not tell its time within 10 s';
    const begun = performance.now();
    const [plan, refusal] = await Promise.allSettled([stage.planOf('s3'), stage.pruner.prune('s3', never())]);
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(plan).toMatchObject({ value: { error: message, decisions: [] } });
    expect(refusal).toMatchObject({ reason: { name: 'StepFailure', mayPass: true, message } });
    expect(stage.remoteIds()).toHaveLength(12);
  });

  it('whose sweeping fails: the removals count all the same', async () => {
    stage = await RetentionStage.create();
    stage.addRemote([...OLD, ...RECENT]);
    stage.s3.fail('sweep');
    const { removed, warnings } = await stage.pruner.prune('s3', never());
    expect(removed).toHaveLength(6);
    expect(warnings).toEqual(['broken uploads could not be cleared away: s3: sweep was made to fail']);
  });

  it('of which a backup is not sound: it counts for nothing, stays, and is told', async () => {
    stage = await RetentionStage.create();
    stage.addRemote([...OLD, ...RECENT]);
    const [cut, damaged, bare, other, gone] = RECENT.toReversed();
    const { files } = stage.s3;
    const archive = files.get(`${cut!.kind}/${archiveName(cut!.id)}`)!;
    archive.bytes = archive.bytes.subarray(0, 10);
    const path = (one: typeof cut): string => `${one!.kind}/${manifestName(one!.id)}`;
    const text = files.get(path(damaged))!;
    text.bytes = Buffer.from(text.bytes.toString().replace('500000', '500001'));
    files.delete(`${bare!.kind}/${archiveName(bare!.id)}`);
    files.get(path(other))!.bytes = files.get(path(RECENT[0]))!.bytes;
    files.get(path(gone))!.bytes = Buffer.from('{');
    const plan = await stage.planOf('s3');
    expect(plan.newestVerified).toBe(RECENT_IDS[0]);
    const told = [
      `${path(gone)} is not sound: The manifest is no JSON document: it is damaged or cut off`,
      `${path(other)} is the manifest of ${RECENT_IDS[0]!}`,
      `${path(bare)} has no archive beside it`,
      `${path(damaged)} is not sound: The manifest was changed since it was written: its SHA-256 is not archive.manifestSha256`,
      `${path(cut)} says that its archive has ${cut!.archive.length} bytes, and it has 10`,
    ];
    expect(plan.unknown.toSorted()).toEqual(told.toSorted());
    // Two verified ones are left, and the older of them is never removed either.
    expect(removals(plan)).toEqual(OLD_IDS.slice(0, -1));
    const { warnings, removed } = await stage.pruner.prune('s3', never());
    expect(warnings.toSorted()).toEqual(told.toSorted());
    expect(removed.map(({ id }) => id)).toEqual(OLD_IDS.slice(0, -1));
    for (const one of [cut, damaged, bare, other, gone]) expect(files.has(path(one))).toBe(true);
  });

  it('that fails while manifests are read: it is not asked for the others', async () => {
    stage = await RetentionStage.create();
    stage.addRemote(nights('2026-09-01', '2026-11-25'));
    stage.s3.fail('read', 1);
    await expect(stage.pruner.prune('s3', never())).rejects.toMatchObject({ mayPass: true });
    expect(stage.s3.calls.filter((call) => call.startsWith('read ')).length).toBeLessThanOrEqual(16);
    expect(await stage.pruner.prune('s3', never())).toMatchObject({ failed: [] });
  });

  it('that lacks a manifest it has just listed: the others are planned', async () => {
    class ForgetfulStore extends MemoryStore {
      override read(kind: string, name: string, signal: AbortSignal): Promise<string> {
        if (name === manifestName(RECENT_IDS[5]!)) this.fail('read', 1, false);
        return super.read(kind, name, signal);
      }
    }
    stage = await RetentionStage.create({ stores: [new ForgetfulStore('s3')] });
    stage.addRemote([...OLD, ...RECENT]);
    const plan = await stage.planOf('s3');
    expect(plan).toMatchObject({ error: null, newestVerified: RECENT_IDS[4] });
    expect(plan.unknown).toEqual([`daily/${manifestName(RECENT_IDS[5]!)} can’t be read: s3: read was made to fail`]);
  });

  it('that has lost its manifests: the archives are not taken for leftovers', async () => {
    stage = await RetentionStage.create();
    stage.addRemote([...OLD, ...RECENT]);
    for (const path of [...stage.s3.files.keys()]) if (path.endsWith('.manifest.json')) stage.s3.files.delete(path);
    expect(removals(await stage.planOf('s3'))).toEqual([]);
    stage.addRemote([staged('daily', '2026-11-25T03:00:00Z')], [stage.s3]);
    const { removed } = await stage.pruner.prune('s3', never());
    expect(removed).toEqual([]);
    expect(stage.s3.files.size).toBe(OLD.length + RECENT.length + 2);
  });
});
