import { AuditLog, AuditTrail, AuditVerifier, requestContext, SERVICE } from '@tiptop/platform';
import { RetentionService } from '@tiptop/auth';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;
const ADDRESS = '203.0.113.77';

describe('The address in an entry of the audit log', () => {
  let test: TestApp;

  beforeEach(async () => {
    test = await startTestApp({ config: { auditAddressDays: 100 } });
  });
  afterEach(async () => {
    expect((await test.app.get(AuditVerifier).verify()).faults).toEqual([]);
    await test.stop();
  });

  /** Writes entries of so many days ago. */
  async function written(days: number, count = 1): Promise<void> {
    test.clock.moveBy(-days * DAY_MS);
    const log = test.app.get(AuditLog);
    await requestContext.run({ requestId: `${days} days ago`, address: ADDRESS }, async () => {
      for (let n = 1; n <= count; n++) await log.recordApart({ action: 'export', actor: SERVICE });
    });
    test.clock.reset();
  }

  const left = async (): Promise<unknown[]> =>
    test.database.query<unknown[]>(
      `SELECT request_id AS "writtenAt", address, address_salt IS NOT NULL AS salted FROM audit_entries ORDER BY id`,
    );

  it('goes by the retention when its time has come, and its salt with it', async () => {
    for (const days of [101, 99, 1]) await written(days);
    const outcome = await test.app.get(RetentionService).run();
    expect(outcome?.expired.auditAddresses).toBe(1);
    expect(await left()).toEqual([
      { writtenAt: '101 days ago', address: null, salted: false },
      { writtenAt: '99 days ago', address: ADDRESS, salted: true },
      { writtenAt: '1 days ago', address: ADDRESS, salted: true },
    ]);
    const again = await test.app.get(RetentionService).run();
    expect(again?.expired.auditAddresses).toBe(0);
  });

  it('goes with few others at a time', async () => {
    await written(200, 25);
    const trail = test.app.get(AuditTrail);
    expect(await trail.forgetAddressesBefore(new Date(test.clock.now().getTime() - 100 * DAY_MS), 10)).toBe(25);
    const batches = await test.database.query<{ n: number }[]>(
      'SELECT count(*)::int AS n FROM audit_entries WHERE address IS NULL GROUP BY xmin::text ORDER BY n',
    );
    expect(batches).toEqual([{ n: 5 }, { n: 10 }, { n: 10 }]);
  });

  it('stays for the next time where somebody else is at the entry', async () => {
    await written(200, 3);
    const runner = test.database.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query('SELECT FROM audit_entries ORDER BY id LIMIT 1 FOR UPDATE');
      expect((await test.app.get(RetentionService).run())?.expired.auditAddresses).toBe(2);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
    expect((await test.app.get(RetentionService).run())?.expired.auditAddresses).toBe(1);
  });

  it('is found among those that have none by an index of its own', async () => {
    const plan = await test.database.transaction(async (manager) => {
      await manager.query('SET LOCAL enable_seqscan = off');
      return manager.query<Record<string, string>[]>(
        `EXPLAIN SELECT id FROM audit_entries WHERE address IS NOT NULL AND at < now() ORDER BY at, id LIMIT 10`,
      );
    });
    expect(JSON.stringify(plan)).toContain('audit_entries_address_idx');
  });
});
