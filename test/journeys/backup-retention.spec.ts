import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { AppConfig, Clock, createLogger, LOGGER } from '@tiptop/platform';
import { archiveName } from '../../libs/ops/src/backups/backup-id';
import { LocalBackups } from '../../libs/ops/src/local/local-backups';
import { ProtectedBackups } from '../../libs/ops/src/retention/protected-backups';
import { Pruner } from '../../libs/ops/src/retention/pruner';
import type { PlacePlan, RetentionPlan } from '../../libs/ops/src/retention/retention-plan';
import { BACKUP_STORES } from '../../libs/ops/src/stores/backup-stores.token';
import { MemoryStore } from '../support/memory-store';
import { DAY_MS, nights, removals, RetentionStage, staged } from '../support/retention-stage';
import { never } from '../support/store-contract';

const WEEK = ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25'];
const SUNDAYS = ['2026-11-01', '2026-11-08', '2026-11-15'];
const MONTHS = ['2025-12', '2026-01', '2026-02', '2026-03', '2026-04', '2026-05', '2026-06', '2026-07', '2026-08'];

describe('Keeping and removing backups', () => {
  let stage: RetentionStage;

  afterEach(() => stage.remove());

  function placeIn({ places }: RetentionPlan, name: string): PlacePlan {
    return places.find(({ place }) => place === name)!;
  }

  it('leaves on this machine and in each store what the policy says, and plans nothing more', async () => {
    stage = await RetentionStage.create({ keep: { removeAtMost: 1000 } });
    const all = nights('2025-09-01', '2026-11-25');
    await stage.addLocal(all.slice(-60));
    stage.addRemote(all);
    const plan = await stage.pruner.plan(never());
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(Math.abs(Date.parse(plan.at) - Date.parse('2026-11-25T05:00:00Z'))).toBeLessThan(60_000);
    expect(
      plan.places.map(({ place, where, refused, error, unknown, newestVerified }) => ({
        place,
        where,
        refused,
        error,
        unknown,
        newestVerified,
      })),
    ).toEqual(
      [
        ['local', stage.root],
        ['s3', 'memory:s3'],
        ['sftp', 'memory:sftp'],
      ].map(([place, where]) => ({
        place,
        where,
        refused: null,
        error: null,
        unknown: [],
        newestVerified: 'daily-20261125T020000Z',
      })),
    );
    expect(placeIn(plan, 's3').decisions[0]).toEqual({
      id: 'daily-20261125T020000Z',
      kind: 'daily',
      at: '2026-11-25T02:00:00.000Z',
      bytes: expect.any(Number) as number,
      decision: 'keep',
      reasons: ['newest two verified are never removed', 'not older than 90 days: kept until 2027-02-23'],
      leftover: false,
      deferred: false,
    });
    // A plan is no more than a plan.
    expect(await stage.localDays()).toHaveLength(60);
    expect(stage.remoteIds()).toHaveLength(all.length);

    for (const { place } of plan.places) {
      const planned = placeIn(plan, place)
        .decisions.filter(({ decision }) => decision === 'remove')
        .toReversed();
      expect(planned.length).toBeGreaterThan(40);
      const before = stage.storedBytes();
      const outcome = await stage.pruner.prune(place, never());
      if (place !== 'local') expect(outcome.freedBytes).toBe(before - stage.storedBytes());
      expect(outcome.removed).toEqual(planned.map(({ id, bytes, reasons: [why] }) => ({ id, bytes, why })));
      expect(outcome).toMatchObject({ place, failed: [], kept: [], warnings: [] });
      expect(outcome.freedBytes).toBe(planned.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(removals(await stage.planOf(place))).toEqual([]);
      expect(await stage.pruner.prune(place, never())).toMatchObject({ removed: [], freedBytes: 0 });
    }
    expect(await stage.localDays()).toEqual([...SUNDAYS, ...WEEK]);
    for (const store of stage.stores) {
      const ids = stage.remoteIds(store);
      expect(ids.slice(0, -91)).toEqual(MONTHS.map((month) => `monthly-${month.replace('-', '')}01T020000Z`));
      expect(store.files.size).toBe(2 * (9 + 91));
    }
    expect((await readdir(stage.root)).toSorted()).toEqual(['daily', 'monthly', 'weekly']);
  });

  it('says in one line what it has done, and logs each decision', async () => {
    stage = await RetentionStage.create();
    await stage.addLocal([
      staged('manual', '2026-10-01'),
      staged('manual', '2026-10-02'),
      ...nights('2026-11-24', '2026-11-25'),
    ]);
    const { detail, freedBytes } = await stage.pruner.prune('local', never());
    expect(detail).toBe(`2 removed, ${(freedBytes / 1000).toFixed(1)} kB; 2 kept`);
    const told = stage.lines.filter(({ msg }) => msg === 'Retention decides on a backup');
    expect(told.map(({ place, backup, decision, reasons }) => ({ place, backup, decision, reasons }))).toEqual([
      {
        place: 'local',
        backup: 'daily-20261125T020000Z',
        decision: 'keep',
        reasons: expect.arrayContaining(['daily slot of 2026-11-25']) as string[],
      },
      expect.objectContaining({ backup: 'daily-20261124T020000Z', decision: 'keep' }),
      { place: 'local', backup: 'manual-20261002T020000Z', decision: 'remove', reasons: ['older than 30 days'] },
      { place: 'local', backup: 'manual-20261001T020000Z', decision: 'remove', reasons: ['older than 30 days'] },
    ]);
    const removed = stage.lines.filter(({ msg }) => msg === 'Backup removed').map(({ backup }) => backup);
    expect(removed).toEqual(['manual-20261001T020000Z', 'manual-20261002T020000Z']);
    expect(stage.lines.every(({ level }) => level === 'info')).toBe(true);
  });

  it('removes at most so many at once, the oldest first, and the others the next times', async () => {
    stage = await RetentionStage.create({ keep: { removeAtMost: 3 } });
    stage.addRemote([...nights('2026-06-02', '2026-06-09'), ...nights('2026-11-24', '2026-11-25')]);
    const day = (n: number): string => `2026060${n}T020000Z`;
    const removed: string[][] = [];
    for (let run = 0; run < 4; run++) {
      const outcome = await stage.pruner.prune('s3', never());
      removed.push(outcome.removed.map(({ id }) => id.slice(-16)));
      if (run === 0) expect(outcome.detail).toMatch(/^3 removed, .*; 3 kept; 4 left to the next run$/);
    }
    // The month's first is its slot.
    expect(removed).toEqual([[day(3), day(4), day(5)], [day(6), day(7), day(8)], [day(9)], []]);
    expect(stage.remoteIds()[0]).toBe('daily-20260602T020000Z');
  });

  it('leaves what something relies on', async () => {
    stage = await RetentionStage.create();
    const [old, older] = [staged('pre-deploy', '2026-01-02'), staged('pre-deploy', '2026-01-01')];
    const recent = nights('2026-11-24', '2026-11-25');
    await stage.addLocal([old, older, ...recent]);
    stage.addRemote([old, older, ...recent]);
    stage.protection.given.set(old.id, 'rollback point of the running version');
    for (const place of ['local', 's3']) {
      const { removed } = await stage.pruner.prune(place, never());
      expect(removed.map(({ id }) => id)).toEqual([older.id]);
    }
    const { decisions } = await stage.planOf('local');
    expect(decisions.at(-1)).toMatchObject({
      id: old.id,
      reasons: ['rollback point of the running version: never removed'],
    });
  });

  it('leaves alone what has no name of ours, lists it, and takes the reports’ folder for what it is', async () => {
    stage = await RetentionStage.create();
    const backups = nights('2026-11-20', '2026-11-25');
    await stage.addLocal(backups);
    stage.addRemote(backups);
    await mkdir(join(stage.root, 'reports'));
    await writeFile(join(stage.root, 'reports', 'daily-20261125T020000Z.json'), '{}');
    await writeFile(join(stage.root, 'daily', 'notes.txt'), '');
    await mkdir(join(stage.root, 'lost+found'));
    const long = new Date(0);
    const foreign = [
      ['manual', 'notes.txt'],
      ['weekly', archiveName('daily-20200101T020000Z')],
      ['daily', '.daily-20200101T020000Z.partial'],
      ['daily', 'daily-20200231T020000Z.tar.age'],
    ] as const;
    for (const [kind, name] of foreign) stage.addFile(stage.s3, kind, name, 'theirs', long);
    const plan = await stage.pruner.plan(never());
    expect(placeIn(plan, 'local').unknown.toSorted()).toEqual([
      'daily/notes.txt is not of a name that backups have here',
      'lost+found is not of a name that backups have',
    ]);
    expect(placeIn(plan, 's3').unknown).toEqual(
      foreign.map(([kind, name]) => `${kind}/${name} is not of a name that backups have here`),
    );
    for (const place of ['local', 's3']) {
      expect(await stage.pruner.prune(place, never())).toMatchObject({ removed: [], failed: [], warnings: [] });
    }
    for (const [kind, name] of foreign) expect(stage.s3.files.has(`${kind}/${name}`)).toBe(true);
    expect((await readdir(stage.root)).toSorted()).toContain('lost+found');
  });

  it('reads each manifest once, eight at a time', async () => {
    class CountingStore extends MemoryStore {
      underWay = 0;
      most = 0;
      override async read(kind: string, name: string, signal: AbortSignal): Promise<string> {
        this.most = Math.max(this.most, ++this.underWay);
        await new Promise((resolve) => setTimeout(resolve, 2));
        return super.read(kind, name, signal).finally(() => this.underWay--);
      }
    }
    const store = new CountingStore('s3');
    stage = await RetentionStage.create({ stores: [store] });
    stage.addRemote(nights('2026-09-01', '2026-11-24'));
    const reads = (): number => store.calls.filter((call) => call.startsWith('read ')).length;
    await stage.pruner.plan(never());
    expect(reads()).toBe(85);
    expect(store.most).toBe(8);
    await stage.pruner.prune('s3', never());
    expect(reads()).toBe(85);
    stage.addRemote([staged('daily', '2026-11-25', 'too small')]);
    const plan = await stage.pruner.plan(never());
    expect(reads()).toBe(86);
    expect(placeIn(plan, 's3').decisions[0]!.reasons).toEqual(['quarantined: fills no slot; kept until 2027-02-23']);
    await stage.anotherPruner().plan(never());
    expect(reads()).toBe(86 * 2);
  });

  it('reads a manifest again where it is another', async () => {
    stage = await RetentionStage.create();
    stage.addRemote(nights('2026-11-20', '2026-11-25'));
    expect((await stage.planOf('s3')).newestVerified).toBe('daily-20261125T020000Z');
    const other = staged('daily', '2026-11-25', 'looked at by hand');
    stage.addRemote([other], [stage.s3]);
    expect((await stage.planOf('s3')).newestVerified).toBe('daily-20261124T020000Z');
  });

  it('removes what broken uploads left, and never one that may be under way', async () => {
    stage = await RetentionStage.create();
    stage.addRemote(nights('2026-11-20', '2026-11-25'));
    const now = Date.parse('2026-11-25T05:00:00Z');
    const put = (day: string, ageMs: number): string => {
      const { id, kind } = staged('daily', `${day}T09:00:00Z`);
      stage.addFile(stage.s3, kind, archiveName(id), 'half of it', new Date(now - ageMs));
      return id;
    };
    const old = put('2026-11-21', DAY_MS + 1000);
    const young = put('2026-11-22', DAY_MS - 1000);
    expect(removals(await stage.planOf('s3'))).toEqual([old]);
    stage.s3.leftovers = 2;
    const outcome = await stage.pruner.prune('s3', never());
    expect(outcome.removed).toEqual([
      {
        id: old,
        bytes: 10,
        why: 'an archive without a manifest: left behind by an upload or a removal that did not come to its end',
      },
    ]);
    expect(outcome.detail).toMatch(/; 2 broken uploads cleared away$/);
    expect(stage.s3.calls.filter((call) => call.startsWith('remove'))).toEqual([`remove daily/${archiveName(old)}`]);
    expect(stage.s3.files.has(`daily/${archiveName(young)}`)).toBe(true);
    expect(stage.remoteIds()).toHaveLength(6);
  });

  it('gives uploads the time that a step may take', async () => {
    stage = await RetentionStage.create({ ops: { stepSeconds: 2 * 86_400 } });
    stage.addRemote(nights('2026-11-20', '2026-11-25'));
    const { id, kind } = staged('daily', '2026-11-20T09:00:00Z');
    const put = (ageMs: number): void => {
      stage.addFile(stage.s3, kind, archiveName(id), 'half', new Date(Date.parse('2026-11-25T05:00:00Z') - ageMs));
    };
    put(4 * DAY_MS - 1000);
    expect(removals(await stage.planOf('s3'))).toEqual([]);
    put(4 * DAY_MS + 1000);
    expect(removals(await stage.planOf('s3'))).toEqual([id]);
  });

  it('is put together by Nest', async () => {
    stage = await RetentionStage.create();
    stage.addRemote(nights('2026-11-24', '2026-11-25'));
    const module = await Test.createTestingModule({
      providers: [
        Pruner,
        { provide: LocalBackups, useValue: stage.local },
        { provide: BACKUP_STORES, useValue: stage.stores },
        { provide: ProtectedBackups, useValue: { ids: () => Promise.resolve(new Map<string, string>()) } },
        { provide: AppConfig, useValue: stage.config },
        { provide: Clock, useValue: stage.clock },
        { provide: LOGGER, useValue: createLogger('silent') },
      ],
    }).compile();
    const plan = await module.get(Pruner).plan(never());
    expect(plan.places.map(({ place, decisions }) => [place, decisions.length])).toEqual([
      ['local', 0],
      ['s3', 2],
      ['sftp', 2],
    ]);
    await module.close();
  });

  it('knows no other place', async () => {
    stage = await RetentionStage.create();
    await expect(stage.pruner.prune('tape', never())).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: 'There is no place "tape" where backups are kept',
    });
  });

  it('has nothing to do where nothing is', async () => {
    stage = await RetentionStage.create({ stores: [] });
    expect((await stage.pruner.plan(never())).places).toEqual([
      {
        place: 'local',
        where: stage.root,
        refused: null,
        newestVerified: null,
        decisions: [],
        unknown: [],
        error: null,
      },
    ]);
    expect(await stage.pruner.prune('local', never())).toMatchObject({ detail: '0 removed, 0 bytes; 0 kept' });
  });
});
