import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Alerts,
  Deployer,
  Deployment,
  DeploymentsModule,
  OperationLease,
  OperationUnderWay,
  SmokeStage,
} from '@tiptop/ops';
import { ClockModule, ConfigModule, createLogger, DatabaseModule, LoggingModule, SystemClock } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { type Course, DeploymentCourse } from '../../libs/ops/src/deployments/deployment-course';
import { schema } from '../../migrations/data-source';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { HeardAlerts } from '../support/ops-stage';
import { testConfig } from '../support/test-app';

/** No journey is made here. */
@Global()
@Module({ providers: [{ provide: SmokeStage, useValue: {} }], exports: [SmokeStage] })
class EmptyStageModule {}

type Take = (course: Course) => Promise<void>;

describe('The deployer', () => {
  let database: TestDatabase;
  let module: TestingModule;
  let alerts: HeardAlerts;
  const dataDir = join(tmpdir(), `tiptop-deployer-${process.pid}`);
  /** What the deployment does. */
  let take: Take;

  beforeAll(async () => {
    database = await createTestDatabase();
    const base = testConfig(database.url, { dataDir });
    const ops = { ...base.ops, environment: 'dev' as const, alertEmails: ['ops@example.org'] };
    alerts = new HeardAlerts();
    module = await Test.createTestingModule({
      imports: [
        ConfigModule.register(base.with({ publicUrl: 'https://api.dev.example.fr', ops })),
        LoggingModule.register(createLogger('silent')),
        ClockModule.register(new SystemClock()),
        DatabaseModule.register(schema),
        EmptyStageModule,
        DeploymentsModule,
      ],
    })
      .overrideProvider(Alerts)
      .useValue(alerts)
      .overrideProvider(DeploymentCourse)
      .useValue({
        deploy: async (course: Course) => take(course),
        rollBack: async (course: Course) => take(course),
      })
      .compile();
    await module.init();
  });
  afterAll(async () => {
    await module.close();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await rows().query('TRUNCATE deployments');
    alerts.heard.length = 0;
  });

  const rows = () => module.get(DataSource, { strict: false }).getRepository(Deployment);
  const deploy = async (signal = new AbortController().signal) =>
    module.get(Deployer, { strict: false }).deploy({ tag: 'dev-latest', signal });

  const succeed: Take = async ({ row, steps }) => {
    const image = { repository: 'r/backend', digest: 'sha256:1', id: 'sha256:2', version: '1.2.3', revision: null };
    row.release = { backend: image, frontend: null };
    await steps.take('switch', () => Promise.resolve({ value: undefined, detail: 'recreate' }));
    row.status = 'succeeded';
  };

  it('writes down who did what, step by step, and tells people', async () => {
    let seen: Partial<Deployment> | null = null;
    take = async (course) => {
      await course.steps.take('switch', async () => {
        seen = await rows().findOneByOrFail({ id: course.row.id });
        return { value: undefined, detail: 'recreate' };
      });
      await succeed(course);
    };
    const row = await deploy();
    expect(seen).toMatchObject({ status: 'running', step: 'switch', finishedAt: null, tag: 'dev-latest' });
    const written = await rows().findOneByOrFail({ id: row.id });
    expect(written).toMatchObject({ status: 'succeeded', step: null, kind: 'deployment', warnings: [], reason: null });
    expect(written.actor).not.toBe('');
    expect(written.steps.map(({ name }) => name)).toEqual(['switch', 'switch', 'notify']);
    expect(alerts.heard.map(({ level, subject }) => [level, subject])).toEqual([
      ['success', 'dev: the deployment to dev-latest is in service'],
    ]);
    const audit = await rows().query<{ action: string }[]>(
      `SELECT action FROM audit_entries WHERE subject_type = 'deployment' AND subject_id = $1 ORDER BY action`,
      [row.id],
    );
    expect(audit.map(({ action }) => action)).toEqual(['deployment-finished', 'deployment-started']);
  });

  it('ends one whose course breaks off unforeseen as failed, and the next one works', async () => {
    take = () => Promise.reject(new Error('nobody thought of this'));
    await expect(deploy()).resolves.toMatchObject({ status: 'failed', reason: 'nobody thought of this' });
    take = succeed;
    await expect(deploy()).resolves.toMatchObject({ status: 'succeeded' });
  });

  it('is degraded by a step that needs a look', async () => {
    take = async (course) => {
      await course.steps.skip('prune', 'degraded', 'a tag stays');
      await succeed(course);
    };
    await expect(deploy()).resolves.toMatchObject({ status: 'succeeded', warnings: ['prune: a tag stays'] });
    expect(alerts.of('warning')).toEqual([
      expect.stringMatching(/^dev: the deployment to dev-latest is in service, and needs a look: By /),
    ]);
  });

  it('lets nobody else deploy meanwhile', async () => {
    let refused: unknown;
    take = async (course) => {
      take = () => Promise.reject(new Error('two at once'));
      refused = await deploy().catch((error: unknown) => error);
      await succeed(course);
    };
    await expect(deploy()).resolves.toMatchObject({ status: 'succeeded' });
    expect(refused).toBeInstanceOf(OperationUnderWay);
    await expect(rows().count()).resolves.toBe(1);
  });

  it.each(['backup', 'drill'] as const)('waits for a %s that is under way', async (operation) => {
    const lease = module.get(OperationLease, { strict: false });
    const order: string[] = [];
    let begun = (): void => undefined;
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    const other = lease.hold(operation, new AbortController().signal, async () => {
      begun();
      await pause(3000);
      order.push(operation);
    });
    await isBegun;
    take = async (course) => {
      order.push('deployment');
      await succeed(course);
    };
    const waits: string[] = [];
    const observer = { progress: (step: string) => void waits.push(step), finished: () => undefined };
    const { signal } = new AbortController();
    const row = await module.get(Deployer, { strict: false }).deploy({ tag: 'dev-latest', signal, observer });
    await other;
    expect([row.status, order]).toEqual(['succeeded', [operation, 'deployment']]);
    expect(waits[0]).toBe('wait');
  });

  it('waits no longer than whoever asked for it', async () => {
    const lease = module.get(OperationLease, { strict: false });
    const stop = new AbortController();
    take = () => Promise.reject(new Error('it was not to begin'));
    await lease.hold('backup', new AbortController().signal, async () => {
      const waiting = deploy(stop.signal);
      stop.abort(new Error('the command was interrupted'));
      await expect(waiting).rejects.toThrow(/abort|interrupted/i);
    });
    await expect(rows().count()).resolves.toBe(0);
  });

  it('tells of one whose process has died, and buries it', async () => {
    take = succeed;
    const { id } = await deploy();
    await rows().update({ id }, { status: 'running', finishedAt: null, step: 'migrate' });
    alerts.heard.length = 0;
    await deploy();
    await expect(rows().findOneByOrFail({ id })).resolves.toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/has ended in the step migrate/) as string,
    });
    expect(alerts.of('failure')).toEqual([
      expect.stringMatching(/^dev: the deployment to dev-latest died in the step migrate: .* settled now/),
    ]);
  });

  it('says why one that was interrupted before its first step has failed', async () => {
    const stop = new AbortController();
    take = async ({ steps }) => {
      stop.abort(new Error('the command was interrupted'));
      await steps.take('settle', () => Promise.resolve({ value: undefined, detail: '' }));
    };
    await expect(deploy(stop.signal)).resolves.toMatchObject({
      status: 'failed',
      reason: 'interrupted: the command was interrupted',
    });
  });
});
