import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { ClockModule, ConfigModule, createLogger, DatabaseModule, LoggingModule, MovableClock } from '@tiptop/platform';
import { Client } from 'pg';
import { Alerts } from '../../libs/ops/src/alerts/alerts';
import { BackupRuns } from '../../libs/ops/src/backups/backup-runs';
import { type InnerManifest, MANIFEST_VERSION } from '../../libs/ops/src/backups/manifest';
import { manifestText, sealManifest } from '../../libs/ops/src/backups/manifest-text';
import { LocalBackups } from '../../libs/ops/src/local/local-backups';
import { BackupCalendar } from '../../libs/ops/src/schedule/backup-calendar';
import { BackupWatch } from '../../libs/ops/src/health/backup-watch';
import { BackupScheduleModule } from '../../libs/ops/src/schedule/backup-schedule.module';
import { BACKUP_JOB, BackupScheduler } from '../../libs/ops/src/schedule/backup-scheduler';
import { DrillRuns } from '../../libs/ops/src/schedule/drill-runs';
import { OperationUnderWay, SOMEBODY } from '../../libs/ops/src/schedule/operation.errors';
import { schema } from '../../migrations/data-source';
import { TcpRelay } from '../rigs/support/tcp-relay';
import { BackupReplica, type RunScript, script } from '../support/backup-replica';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/waiting';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('The calendar of backups in bad times', () => {
  let database: TestDatabase;
  let observer: Client;
  let folder: string;
  let clock: MovableClock;
  let plan: RunScript;
  let replica: BackupReplica;
  let scheduler: BackupScheduler;

  beforeEach(async () => {
    database = await createTestDatabase();
    observer = new Client({ connectionString: database.url });
    await observer.connect();
    folder = await mkdtemp(join(tmpdir(), 'tiptop-calendar-'));
    clock = new MovableClock();
    plan = script();
    replica = await start(database.url);
    scheduler = replica.scheduler();
  });
  afterEach(async () => {
    await replica.stop();
    await observer.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const start = async (databaseUrl: string, drillKeyFile?: string): Promise<BackupReplica> =>
    BackupReplica.start({
      databaseUrl,
      backupDir: join(folder, 'backups'),
      clock,
      script: plan,
      ...(drillKeyFile === undefined ? {} : { drillKeyFile }),
    });
  const at = (instant: string): void => {
    clock.moveTo(new Date(instant));
  };
  async function tickAt(instant: string): Promise<void> {
    at(instant);
    await scheduler.run();
  }
  /** Slot, trigger and outcome of each run, in the order of their beginnings. */
  async function runs(): Promise<string[]> {
    const { rows } = await observer.query<{ slot: Date; trigger: string; status: string }>(
      'SELECT slot, trigger, status FROM backup_runs ORDER BY started_at, id',
    );
    return rows.map(({ slot, trigger, status }) => `${slot.toISOString().slice(0, 16)} ${trigger} ${status}`);
  }

  describe('a slot', () => {
    it.each([
      ['2026-11-24T02:00:00Z', 'schedule'],
      ['2026-11-24T02:09:30Z', 'schedule'],
      ['2026-11-24T02:10:30Z', 'catch-up'],
      ['2026-11-25T01:59:30Z', 'catch-up'],
    ])('is met at %s as %s, and once', async (instant, trigger) => {
      await tickAt(instant);
      await scheduler.run();
      await replica.scheduler().run();
      expect(await runs()).toEqual([`2026-11-24T02:00 ${trigger} succeeded`]);
    });

    it('that fails is tried three times, a quarter of an hour apart', async () => {
      plan.outcomes = ['failed', 'failed', 'failed'];
      const tried: number[] = [];
      for (let minute = 0; minute < 90; minute++) {
        clock.moveTo(new Date(new Date('2026-11-24T02:00:00Z').getTime() + minute * MINUTE_MS));
        const before = replica.runs.requests.length;
        await scheduler.run();
        if (replica.runs.requests.length > before) tried.push(minute);
      }
      expect(tried).toEqual([0, 16, 32]);
      expect(replica.runs.requests.map(({ trigger }) => trigger)).toEqual(['schedule', 'catch-up', 'catch-up']);
    });

    it('that ends degraded is done', async () => {
      plan.outcomes = ['degraded'];
      await tickAt('2026-11-24T02:00:00Z');
      await tickAt('2026-11-24T05:00:00Z');
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule degraded']);
    });

    /** A run that another process is at, and its lease. */
    async function runElsewhere(): Promise<void> {
      await observer.query(
        `INSERT INTO backup_runs (id, environment, kind, trigger, slot, status, owner, started_at)
         VALUES ('one', 'dev', 'daily', 'schedule', '2026-11-24T02:00:00Z', 'running', 'its owner', '2026-11-24T02:00:00Z')`,
      );
      await observer.query(
        `INSERT INTO operation_leases (environment, operation, owner) VALUES ('dev', 'backup', 'its owner')`,
      );
    }

    it('whose run is under way elsewhere is left alone, and one whose run died is told of and met again', async () => {
      await tickAt('2026-11-23T02:00:00Z');
      await runElsewhere();
      await tickAt('2026-11-24T03:00:00Z');
      expect((await runs())[1]).toBe('2026-11-24T02:00 schedule running');
      expect(replica.runs.recoveries).toBe(1);
      await observer.query(`UPDATE operation_leases SET heartbeat_at = now() - interval '31 s'`);
      await tickAt('2026-11-24T03:01:00Z');
      expect((await runs())[1]).toBe('2026-11-24T02:00 schedule failed');
      expect(replica.runs.recoveries).toBe(2);
      await tickAt('2026-11-24T03:15:30Z');
      expect(await runs()).toHaveLength(2);
      await tickAt('2026-11-24T03:16:30Z');
      expect((await runs())[2]).toBe('2026-11-24T02:00 catch-up succeeded');
      expect(replica.alerts.sent).toEqual([]);
    });

    it('of a process that has just started waits until it has cleared up after the dead', async () => {
      await runElsewhere();
      await tickAt('2026-11-25T02:00:00Z');
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule running']);
      await observer.query(`UPDATE operation_leases SET heartbeat_at = now() - interval '31 s'`);
      await tickAt('2026-11-25T02:01:00Z');
      await tickAt('2026-11-25T02:02:00Z');
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule failed', '2026-11-25T02:00 schedule succeeded']);
      expect(replica.runs.recoveries).toBe(2);
    });
  });

  describe('a clock that jumps', () => {
    it('60 days ahead makes one run, and none is missing once it is right again', async () => {
      await tickAt('2026-11-24T02:00:00Z');
      clock.moveBy(60 * DAY_MS);
      for (let n = 0; n < 5; n++) await scheduler.run();
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule succeeded', '2027-01-23T02:00 schedule succeeded']);
      await tickAt('2026-11-24T03:00:00Z');
      await tickAt('2026-11-25T02:00:00Z');
      expect((await runs()).sort()).toEqual([
        '2026-11-24T02:00 schedule succeeded',
        '2026-11-25T02:00 schedule succeeded',
        '2027-01-23T02:00 schedule succeeded',
      ]);
    });

    it('after 60 days in the dark makes one run', async () => {
      await tickAt('2026-11-24T02:00:00Z');
      for (let n = 0; n < 5; n++) await tickAt(`2027-01-23T12:0${n}:00Z`);
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule succeeded', '2027-01-23T02:00 catch-up succeeded']);
    });

    it('a day back makes no second run', async () => {
      await tickAt('2026-11-24T02:00:00Z');
      await tickAt('2026-11-25T02:00:00Z');
      clock.moveBy(-DAY_MS);
      for (let n = 0; n < 3; n++) await scheduler.run();
      await tickAt('2026-11-24T23:00:00Z');
      await tickAt('2026-11-25T02:00:00Z');
      await tickAt('2026-11-25T02:01:00Z');
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule succeeded', '2026-11-25T02:00 schedule succeeded']);
    });
  });

  describe('a database that was restored', () => {
    /** As if a backup stood in the folder. */
    async function keep(id: string, changes: Record<string, unknown> = {}): Promise<void> {
      const kept = join(folder, 'backups', id.slice(0, id.indexOf('-')));
      await mkdir(kept, { recursive: true });
      const createdAt = id.replace(/^.*-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z');
      const contents = { ...MANIFEST, id, kind: id.slice(0, id.indexOf('-')), createdAt, ...changes } as InnerManifest;
      const manifest = sealManifest(contents, { bytes: 3, sha256: 'a'.repeat(64) });
      await writeFile(join(kept, `${id}.tar.age`), 'abc');
      await writeFile(join(kept, `${id}.manifest.json`), manifestText(manifest));
      const { backups, faults } = await replica.local.list();
      expect(faults).toEqual([]);
      expect(backups.map((backup) => backup.id)).toContain(id);
    }
    const MANIFEST = {
      version: MANIFEST_VERSION,
      environment: 'dev',
      service: { version: '1.0.0', revision: null },
      tools: {},
      artifacts: [{ path: 'db/tiptop.dump.gz', bytes: 3, sha256: 'c'.repeat(64) }],
      database: {
        name: 'tiptop',
        serverVersion: '15.4',
        pgDumpVersion: '15.4',
        migration: null,
        rows: {},
        dump: 'db/tiptop.dump.gz',
        dumpSha256: 'd'.repeat(64),
        dumpBytes: 3,
      },
      images: [],
      recipients: [`age1${'q'.repeat(58)}`],
      disabled: [],
      warnings: [],
      quarantined: null,
    };

    it.each([
      ['daily-20261124T020003Z', {}, 0],
      ['weekly-20261124T101500Z', {}, 0],
      // Of the night before, by hand, of tomorrow, of another installation, not to be trusted.
      ['daily-20261124T015959Z', {}, 1],
      ['manual-20261124T020003Z', {}, 1],
      ['daily-20261125T020003Z', {}, 1],
      ['daily-20261124T020003Z', { environment: 'prod' }, 1],
      ['daily-20261124T020003Z', { quarantined: 'half the size' }, 1],
    ])('has its slot judged by the backup on the disk: %s %j', async (id, changes, made) => {
      await keep(id, changes);
      await tickAt('2026-11-24T12:00:00Z');
      expect(await runs()).toHaveLength(made);
    });
  });

  describe('PostgreSQL down at 02:00', () => {
    it('is told once, with the slot, and caught up when it is back', async () => {
      const { port } = new URL(database.url);
      let relay = await TcpRelay.open(Number(port));
      const relayed = new URL(database.url);
      relayed.port = String(relay.port);
      await replica.stop();
      replica = await start(relayed.href);
      scheduler = replica.scheduler();
      await tickAt('2026-11-24T02:00:00Z');
      await relay.close();
      // The slot of the day is done: nothing is missing yet.
      await tickAt('2026-11-25T01:59:00Z');
      expect(replica.alerts.sent).toEqual([]);
      for (const minute of ['00', '01', '02', '30']) await tickAt(`2026-11-25T02:${minute}:00Z`);
      expect(replica.alerts.sent).toMatchObject([
        {
          level: 'failure',
          subject: 'PostgreSQL is down: no backup of 2026-11-25T02:00:00.000Z (dev)',
          facts: { environment: 'dev', slot: '2026-11-25T02:00:00.000Z' },
        },
      ]);
      expect(replica.alerts.sent[0]?.text).toMatch(/nobody answers there \(connection refused\)/);
      relay = await TcpRelay.open(Number(port), 0, Number(relayed.port));
      await tickAt('2026-11-25T02:31:00Z');
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule succeeded', '2026-11-25T02:00 catch-up succeeded']);
      await relay.close();
      await tickAt('2026-11-26T02:00:00Z');
      expect(replica.alerts.sent).toHaveLength(2);
    });
  });

  describe('a run that can’t be begun', () => {
    it('is told once, with why', async () => {
      await writeFile(join(folder, 'backups'), 'no folder');
      for (const minute of ['00', '01', '02']) await tickAt(`2026-11-24T02:${minute}:00Z`);
      expect(replica.alerts.sent).toHaveLength(1);
      expect(replica.alerts.sent[0]).toMatchObject({
        subject: 'The backup of 2026-11-24T02:00:00.000Z could not be begun (dev)',
      });
      expect(replica.alerts.sent[0]?.text).toContain('The lock file');
      expect(await runs()).toEqual([]);
    });

    it('because something else is under way, is no fault', async () => {
      await replica.lease.hold('deployment', new AbortController().signal, async () => {
        await tickAt('2026-11-24T02:00:00Z');
        expect(await runs()).toEqual([]);
      });
      await tickAt('2026-11-24T02:01:00Z');
      expect(await runs()).toEqual(['2026-11-24T02:00 schedule succeeded']);
      expect(replica.alerts.sent).toEqual([]);
      expect(replica.logged).toEqual([]);
    });
  });

  describe('the weekly drill', () => {
    beforeEach(async () => {
      await replica.stop();
      replica = await start(database.url, '/somewhere/drill.key');
      scheduler = replica.scheduler();
    });

    it('is due on Mondays at 04:00, once a process and a week', async () => {
      const verify = async (instant: string, level = 'drill'): Promise<void> => {
        await observer.query(
          `INSERT INTO backup_verifications (backup_id, level, source, passed, detail, started_at, finished_at)
           VALUES ('x', $2, 's3', false, '', $1, $1)`,
          [instant, level],
        );
      };
      // A drill of the week before, and another sort of trial.
      await verify('2026-11-20T04:00:00Z');
      await verify('2026-11-23T04:00:10Z', 'restore');
      await tickAt('2026-11-23T03:59:00Z');
      expect(replica.drills.count).toBe(0);
      await tickAt('2026-11-23T04:00:00Z');
      await tickAt('2026-11-23T04:01:00Z');
      expect(replica.drills.count).toBe(1);
      await tickAt('2026-11-30T03:59:00Z');
      expect(replica.drills.count).toBe(1);
      replica.drills.fault = new OperationUnderWay(SOMEBODY);
      await tickAt('2026-11-30T04:00:00Z');
      replica.drills.fault = new Error('a fault of the drill itself');
      await tickAt('2026-11-30T04:01:00Z');
      await tickAt('2026-11-30T04:02:00Z');
      expect(replica.drills.count).toBe(3);
      // Another process tries again, unless one was made.
      await replica.scheduler().run();
      expect(replica.drills.count).toBe(4);
      await verify('2026-11-30T04:01:30Z');
      await replica.scheduler().run();
      expect(replica.drills.count).toBe(4);
    });

    it('is not made without a key', async () => {
      await replica.stop();
      replica = await start(database.url);
      await replica.scheduler().run();
      expect(replica.drills.count).toBe(0);
    });
  });

  describe('the service', () => {
    it('starts it, and waits at its end for the run that it gives up', async () => {
      plan.workMs = 60_000;
      const logger = createLogger('error', { write: () => undefined });
      @Module({
        providers: [
          { provide: BackupRuns, useValue: replica.runs },
          { provide: DrillRuns, useValue: replica.drills },
          { provide: Alerts, useValue: replica.alerts },
          { provide: BackupWatch, useValue: replica.watch },
          LocalBackups,
          BackupCalendar,
        ],
        exports: [BackupRuns, DrillRuns, Alerts, BackupWatch, LocalBackups, BackupCalendar],
      })
      class Parts {}
      @Module({
        imports: [
          ConfigModule.register(replica.config),
          ClockModule.register(clock),
          LoggingModule.register(logger),
          DatabaseModule.register(schema),
          ScheduleModule.forRoot(),
          BackupScheduleModule.register(Parts),
        ],
      })
      class Root {}
      const app = await NestFactory.createApplicationContext(Root, { logger: false });
      const job = app.get(SchedulerRegistry).getCronJob(BACKUP_JOB);
      expect(job.isActive).toBe(false);
      expect(job.cronTime.timeZone).toBe('UTC');
      expect(job.waitForCompletion).toBe(true);
      expect(await runs()).toEqual([]);
      app.get(BackupScheduler).start();
      expect(job.isActive).toBe(true);
      await until('a run is under way', async () => (await runs()).some((run) => run.endsWith('running')));
      const began = performance.now();
      await app.close();
      expect(performance.now() - began).toBeLessThan(10_000);
      expect((await runs()).map((run) => run.split(' ')[2])).toEqual(['failed']);
      expect(plan.now).toBe(0);
      expect(replica.watch.looks).toBe(1);
    });
  });
});
