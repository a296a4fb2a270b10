import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { type SessionBody, signInAs } from '../support/builders';
import { type ServiceProcess, ServiceProgram } from '../support/service-process';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

interface RunBody {
  id: string;
  kind: string;
  trigger: string;
  status: string;
}

/** Two instances of one installation: the one that faces the internet asks, the one with the volume makes. */
describe('A backup that an administrator asks for', () => {
  let database: TestDatabase;
  let program: ServiceProgram;
  let facing: TestApp;
  let admin: SessionBody;
  let folder: string;
  let ops: ServiceProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-installation-'));
    database = await createTestDatabase();
    program = await ServiceProgram.build();
    facing = await startTestApp({ databaseUrl: database.url });
    admin = await signInAs(facing, 'admin');
  }, 120_000);
  afterAll(async () => {
    await facing.stop();
    await program.clear();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const get = async <T>(path: string): Promise<T> => (await facing.client.get<T>(path, admin.accessToken)).body;
  const runs = async (): Promise<RunBody[]> => (await get<{ items: RunBody[] }>('/v1/ops/backups')).items;

  it('is made by the instance that follows the calendar, which also catches up what was missed', async () => {
    const { status, body } = await facing.client.post<RunBody>('/v1/ops/backups', {}, admin.accessToken);
    expect([status, body.status]).toEqual([202, 'requested']);
    ops = program.start({
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      DATA_DIR: join(folder, 'data'),
      BACKUP_DIR: join(folder, 'backups'),
      BACKUP_RESERVE_BYTES: '1000000',
      OPS_SCHEDULER: 'on',
      JWT_SECRET: facing.config.jwtSecret,
      DECK_SECRET: facing.config.deckSecret,
      ACCOUNT_SECRET: facing.config.accountSecret,
      MAIL_DELIVERY: 'off',
      LOG_LEVEL: 'info',
    });
    await until(
      'both are made',
      async () => (await runs()).filter(({ status: state }) => state === 'succeeded').length === 2,
      60_000,
    );
    const [asked, scheduled] = [
      (await runs()).find(({ trigger }) => trigger === 'manual')!,
      (await runs()).find(({ trigger }) => trigger !== 'manual')!,
    ];
    expect(asked).toMatchObject({ id: body.id, kind: 'manual' });
    expect(['daily', 'weekly', 'monthly']).toContain(scheduled.kind);
    expect(['schedule', 'catch-up']).toContain(scheduled.trigger);
    expect(await readdir(join(folder, 'backups', 'manual'))).toEqual([
      `${body.id}.manifest.json`,
      `${body.id}.tar.age`,
    ]);
    const details = await get<{ steps: { name: string }[]; verdicts: { passed: boolean }[] }>(
      `/v1/ops/backups/${scheduled.id}`,
    );
    expect(details.steps.map(({ name }) => name)).toContain('restore-check');
    expect(details.verdicts).toMatchObject([{ level: 'restore', passed: true }]);
  }, 90_000);

  it('is not there for the health of the other instance to complain about', async () => {
    expect(await get('/health')).toMatchObject({ status: 'ok', checks: { backup: 'up' } });
  });

  it('waits where no instance follows the calendar, and a second one is refused meanwhile', async () => {
    ops.signal('SIGTERM');
    expect((await ops.ended).exitCode).toBe(0);
    const { body } = await facing.client.post<RunBody>('/v1/ops/backups', {}, admin.accessToken);
    const second = await facing.client.post<{ code: string }>('/v1/ops/backups', {}, admin.accessToken);
    expect([second.status, second.body.code]).toEqual([409, 'OPERATION_UNDER_WAY']);
    expect((await runs())[0]).toMatchObject({ id: body.id, status: 'requested' });
  });
});
