import { randomUUID } from 'node:crypto';
import { Deployment, DeploymentRegistry, OperationUnderWay } from '@tiptop/ops';
import { AuditVerifier } from '@tiptop/platform';
import type { ApiResponse } from '../support/api-client';
import { registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { addDeployment, releaseOf } from '../support/deployment-rows';
import { DocumentedAnswers } from '../support/openapi-match';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const STEP = {
  name: 'health',
  status: 'passed' as const,
  startedAt: '2026-10-03T09:00:01.000Z',
  finishedAt: '2026-10-03T09:00:09.000Z',
  attempts: 1,
  detail: 'GET /health answered 200',
};
const OWNER = 'host 1 abc';

interface ListBody {
  items: { id: string; status: string }[];
  nextCursor: string | null;
}

const october = (day: number): Date => new Date(Date.UTC(2026, 9, day, 9));

describe('Deployments', () => {
  let test: TestApp;
  let admin: SessionBody;
  let registry: DeploymentRegistry;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    registry = test.app.get(DeploymentRegistry, { strict: false });
  });
  beforeEach(async () => {
    await test.database.query('DELETE FROM deployments');
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    expect((await test.app.get(AuditVerifier, { strict: false }).verify()).faults).toEqual([]);
    await test.stop();
  });

  const list = (query = ''): Promise<ApiResponse<ListBody>> =>
    test.client.get<ListBody>(`/v1/ops/deployments${query}`, admin.accessToken);
  const get = (id: string): Promise<ApiResponse<Record<string, unknown>>> =>
    test.client.get(`/v1/ops/deployments/${id}`, admin.accessToken);
  const rows = async (): Promise<Deployment[]> =>
    test.database.getRepository(Deployment).find({ order: { startedAt: 'ASC' } });
  const begin = async (kind: Deployment['kind'] = 'deployment', tag = 'dev-latest'): Promise<Deployment> =>
    registry.begin({ kind, tag, actor: 'camille' }, OWNER);

  async function entriesOf(id: string): Promise<object[]> {
    return test.database.query(
      `SELECT action, actor_role AS role, details FROM audit_entries
       WHERE subject_type = 'deployment' AND subject_id = $1 ORDER BY id`,
      [id],
    );
  }

  describe('as they are written down', () => {
    it('begin once at a time, and on record', async () => {
      const row = await begin();
      expect(await rows()).toEqual([row]);
      expect(row).toMatchObject({ environment: 'dev', status: 'running', actor: 'camille', owner: OWNER, steps: [] });
      expect(await entriesOf(row.id)).toEqual([
        {
          action: 'deployment-started',
          role: 'operator',
          details: { environment: 'dev', kind: 'deployment', tag: 'dev-latest' },
        },
      ]);
      const refusal = await begin('rollback', 'predecessor').catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(OperationUnderWay);
      expect(refusal).toMatchObject({ operation: 'deployment', owner: OWNER, since: row.startedAt });
      expect(await rows()).toHaveLength(1);
      // Neither did the audit log hear of it.
      const [{ count }] = await test.database.query<[{ count: number }]>(
        `SELECT count(*)::int FROM audit_entries WHERE action = 'deployment-started'`,
      );
      expect(count).toBe(1);
    });

    it('do not keep those of another environment from beginning', async () => {
      await addDeployment(test.database, october(1), { environment: 'prod', status: 'running', finishedAt: null });
      expect((await begin()).status).toBe('running');
    });

    it('are noted as they go on, and with their end', async () => {
      const row = await begin();
      Object.assign(row, {
        ...{ version: '1.2.3', revision: 'abc', release: releaseOf('b'), previous: releaseOf('a') },
        ...{ snapshot: 'backup-20261003-090000', step: 'switch', steps: [STEP], warnings: ['the disk is nearly full'] },
      } satisfies Partial<Deployment>);
      await registry.note(row);
      expect(await rows()).toEqual([row]);
      Object.assign(row, {
        ...{ status: 'rolled-back', reason: 'health: 503', step: null },
        ...{ failureNoticedAt: october(3), recoveredAt: new Date(october(3).getTime() + 21_600) },
      } satisfies Partial<Deployment>);
      expect(await registry.end(row)).toBeUndefined();
      expect(row.finishedAt).toBeInstanceOf(Date);
      expect(await rows()).toEqual([row]);
      expect(await entriesOf(row.id)).toMatchObject([
        { action: 'deployment-started' },
        {
          action: 'deployment-finished',
          role: 'operator',
          details: { environment: 'dev', kind: 'deployment', tag: 'dev-latest', status: 'rolled-back' },
        },
      ]);
    });

    it('end when they say they did, and not without a verdict', async () => {
      const row = await begin();
      await expect(registry.end(row)).rejects.toThrow('ends with a verdict');
      const finishedAt = new Date(row.startedAt.getTime() + 5000);
      Object.assign(row, { status: 'succeeded', release: releaseOf('b'), finishedAt });
      await registry.end(row);
      expect(await rows()).toMatchObject([{ status: 'succeeded', finishedAt }]);
    });

    it('go on where the database does not take a note', async () => {
      const row = await begin();
      row.step = 'x\0';
      await registry.note(row);
      expect(test.logLines()).toContainEqual(
        expect.objectContaining({ msg: 'How far the deployment is could not be written down', deployment: row.id }),
      );
      expect(await rows()).toMatchObject([{ step: null, status: 'running' }]);
    });

    it('tell where their end could not be written down, after four tries', async () => {
      const row = await begin();
      Object.assign(row, { status: 'failed', reason: 'x\0' });
      expect(await registry.end(row)).toMatch(/invalid byte sequence|unsupported Unicode/);
      expect(await rows()).toMatchObject([{ status: 'running' }]);
      const told = test.logLines().filter(({ deployment }) => deployment === row.id);
      expect(told.map(({ msg }) => msg)).toEqual(Array(4).fill('The end of the deployment could not be written down'));
      // Neither is there an entry without its row.
      expect(await entriesOf(row.id)).toHaveLength(1);
    }, 30_000);

    it('are buried where their process has ended, and known to have failed from then on', async () => {
      const row = await begin();
      row.step = 'switch';
      await registry.note(row);
      await addDeployment(test.database, october(1));
      const other = { environment: 'prod', status: 'running', finishedAt: null } as const;
      await addDeployment(test.database, october(2), other);
      test.clock.moveBy(60_000);
      const before = test.clock.now();
      const dead = await registry.buryDead();
      expect(dead).toMatchObject([
        { id: row.id, status: 'failed', reason: 'The process that made it has ended in the step switch' },
      ]);
      expect(dead[0]!.finishedAt!.getTime()).toBeGreaterThanOrEqual(before.getTime());
      expect(dead[0]!.failureNoticedAt).toEqual(dead[0]!.finishedAt);
      expect((await rows()).find(({ id }) => id === row.id)).toEqual(dead[0]);
      expect((await rows()).filter(({ status }) => status === 'running')).toMatchObject([{ environment: 'prod' }]);
      expect(await entriesOf(row.id)).toMatchObject([
        {},
        { action: 'deployment-finished', details: { status: 'failed' } },
      ]);
      expect(await registry.buryDead()).toEqual([]);
      // What was taken for dead stays as it was written down.
      row.step = 'accept';
      await registry.note(row);
      expect(await rows()).toContainEqual(expect.objectContaining({ id: row.id, step: 'switch' }));
      expect((await begin()).status).toBe('running');
    });

    it('died before their first step, too', async () => {
      await begin();
      expect(await registry.buryDead()).toMatchObject([
        { reason: 'The process that made it has ended between two steps' },
      ]);
    });
  });

  describe('as they are gone back through', () => {
    it('lead from nothing nowhere', async () => {
      await begin();
      expect([await registry.running(), await registry.predecessor(), await registry.lastGood()]).toEqual([
        undefined,
        undefined,
        null,
      ]);
    });

    it('tell what serves and what served before, of this environment', async () => {
      const failed = { status: 'failed', release: releaseOf('d'), reason: 'x' } as const;
      const rolledBack = { previous: releaseOf('c'), failureNoticedAt: october(5), recoveredAt: october(5) };
      const good = await addDeployment(test.database, october(2), {
        release: releaseOf('c'),
        previous: releaseOf('b'),
      });
      await addDeployment(test.database, october(1));
      await addDeployment(test.database, october(3), failed);
      await addDeployment(test.database, october(4), { ...failed, ...rolledBack, status: 'rolled-back' });
      await addDeployment(test.database, october(6), { ...failed, status: 'cancelled' });
      await addDeployment(test.database, october(7), { environment: 'prod', release: releaseOf('e') });
      expect(await registry.running()).toEqual(releaseOf('c'));
      expect(await registry.predecessor()).toEqual(releaseOf('b'));
      expect(await registry.predecessor(releaseOf('c'))).toEqual(releaseOf('b'));
      // One that died after its switch serves, and the records know only that it died.
      expect(await registry.predecessor(releaseOf('d'))).toEqual(releaseOf('c'));
      expect(await registry.lastGood()).toEqual(good);
      await addDeployment(test.database, october(8), { kind: 'rollback', previous: releaseOf('c') });
      expect([await registry.running(), await registry.predecessor()]).toEqual([releaseOf('b'), releaseOf('a')]);
    });
  });

  describe('as an administrator sees them', () => {
    it('are listed the newest first, page by page, by environment, kind and status', async () => {
      const ids: string[] = [];
      for (let day = 1; day <= 5; day++) ids.unshift((await addDeployment(test.database, october(day))).id);
      // Two that began at once: one after the other by their ids, and neither twice.
      const failed = { status: 'failed', reason: 'x', environment: 'prod' } as const;
      const atOnce = [
        await addDeployment(test.database, october(6), failed),
        await addDeployment(test.database, october(6), { kind: 'rollback' }),
      ];
      const expected = [
        ...atOnce
          .map(({ id }) => id)
          .sort()
          .reverse(),
        ...ids,
      ];
      expect((await list()).body.items.map(({ id }) => id)).toEqual(expected);
      for (const limit of [1, 3]) {
        const walked: string[] = [];
        let cursor: string | null = '';
        while (cursor !== null) {
          const { body }: ApiResponse<ListBody> = await list(
            `?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
          );
          expect(body.items.length).toBeLessThanOrEqual(limit);
          walked.push(...body.items.map(({ id }) => id));
          cursor = body.nextCursor;
        }
        expect(walked).toEqual(expected);
      }
      const found = async (query: string): Promise<string[]> => (await list(query)).body.items.map(({ id }) => id);
      expect(await found('?environment=prod')).toEqual([atOnce[0]!.id]);
      expect(await found('?kind=rollback')).toEqual([atOnce[1]!.id]);
      expect(await found('?status=failed')).toEqual([atOnce[0]!.id]);
      expect(await found('?status=succeeded&kind=deployment&environment=dev&limit=2')).toEqual(ids.slice(0, 2));
      expect(await found('?status=failed&environment=dev')).toEqual([]);
      expectInvalid(
        await list('?status=good&kind=party&environment=moon&by=me'),
        'status',
        'kind',
        'environment',
        'by',
      );
      // A cursor of another list.
      expectInvalid(await list('?cursor=WzEsImEiXQ'), 'cursor');
    });

    it('are told of in full: who, what, when, steps, verdict', async () => {
      const row = await addDeployment(test.database, october(3), {
        ...{ status: 'rolled-back', reason: 'smoke: play answered 500', steps: [STEP], warnings: ['w'], snapshot: 's' },
        ...{ finishedAt: new Date(october(3).getTime() + 74_250), step: null, actor: 'jenkins-7' },
        ...{ failureNoticedAt: october(3), recoveredAt: new Date(october(3).getTime() + 21_600) },
      });
      const item = {
        ...{ id: row.id, environment: 'dev', kind: 'deployment', status: 'rolled-back', by: 'jenkins-7' },
        ...{ tag: 'dev-latest', version: '1.0.b', revision: 'b'.repeat(40) },
        ...{ startedAt: '2026-10-03T09:00:00.000Z', finishedAt: '2026-10-03T09:01:14.250Z' },
        ...{ durationSeconds: 74.25, recoverySeconds: 21.6, step: null, steps: [STEP], warnings: ['w'] },
        reason: 'smoke: play answered 500',
      };
      const answer = await get(row.id);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        ...item,
        ...{ release: releaseOf('b'), previous: releaseOf('a'), snapshot: 's' },
        ...{ failureNoticedAt: '2026-10-03T09:00:00.000Z', recoveredAt: '2026-10-03T09:00:21.600Z' },
      });
      const listed = await list();
      expect(listed.body).toEqual({ items: [item], nextCursor: null });
      const { body: document } = await test.client.get('/openapi.json');
      const documented = new DocumentedAnswers(document as ConstructorParameters<typeof DocumentedAnswers>[0]);
      expect(documented.disagreements('GET', `/v1/ops/deployments/${row.id}`, answer)).toEqual([]);
      expect(documented.disagreements('GET', '/v1/ops/deployments', listed)).toEqual([]);
    });

    it('are seen while they run, before anything is known of them', async () => {
      const { id } = await begin();
      const answer = await get(id);
      expect(answer.body).toMatchObject({
        ...{ status: 'running', version: null, finishedAt: null, durationSeconds: null, recoverySeconds: null },
        ...{ release: null, previous: null, steps: [] },
      });
      const { body: document } = await test.client.get('/openapi.json');
      const documented = new DocumentedAnswers(document as ConstructorParameters<typeof DocumentedAnswers>[0]);
      expect(documented.disagreements('GET', `/v1/ops/deployments/${id}`, answer)).toEqual([]);
    });

    it.each([randomUUID(), 'nonsense', '%00'])('that do not exist are not found: %s', async (id) => {
      expectProblem(await get(id), 404, 'DEPLOYMENT_NOT_FOUND');
    });

    it('are nobody else’s business', async () => {
      const { accessToken } = await registerCustomer(test);
      expectProblem(await test.client.get('/v1/ops/deployments', accessToken), 403, 'FORBIDDEN');
      expectProblem(await test.client.get('/v1/ops/deployments'), 401, 'UNAUTHENTICATED');
    });
  });
});
