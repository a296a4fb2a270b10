import { ANONYMOUS, AuditLog, type AuditVerification, AuditVerifier, SERVICE } from '@tiptop/platform';
import { withHands } from '../support/plays';
import { startTestApp, type TestApp } from '../support/test-app';
import { untilSomebodyWaits } from '../support/waiting';

const USER = '3f0c1de2-5a0e-4d2c-9d0b-0f4b8e0f6a11';
const CHAIN_TABLES = ['audit_entries', 'audit_chain'] as const;

describe('The chain of the audit log', () => {
  let test: TestApp;
  let log: AuditLog;

  beforeEach(async () => {
    test = await startTestApp();
    log = test.app.get(AuditLog);
  });
  afterEach(async () => {
    await test.stop();
  });

  const verify = async (expectedHead?: string): Promise<AuditVerification> =>
    test.app.get(AuditVerifier).verify(expectedHead);

  async function write(count: number): Promise<void> {
    for (let n = 1; n <= count; n++) {
      await log.recordApart({
        action: 'role-changed',
        actor: { id: USER, role: 'admin' },
        subject: { type: 'user', id: USER },
        details: { n, text: 'é " \\ \n 茶 🫖', list: ['b', 'a'], nothing: null },
      });
    }
  }

  /** As somebody does who owns the database: no trigger and no foreign key stands in the way. */
  async function tamper(...statements: string[]): Promise<void> {
    await test.database.transaction(async (manager) => {
      for (const table of CHAIN_TABLES) await manager.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
      for (const sql of statements) await manager.query(sql);
      for (const table of CHAIN_TABLES) await manager.query(`ALTER TABLE ${table} ENABLE TRIGGER ALL`);
    });
  }

  it('of no entries is intact', async () => {
    const nothing = '0'.repeat(64);
    expect(await verify()).toEqual({
      intact: true,
      entries: 0,
      head: { position: 0, hash: nothing },
      faultCount: 0,
      faults: [],
    });
    expect((await verify(nothing)).intact).toBe(true);
  });

  it('holds what was written, whatever it holds, and grows from its head', async () => {
    await write(3);
    const { head, ...found } = await verify();
    expect(found).toEqual({ intact: true, entries: 3, faultCount: 0, faults: [] });
    expect(head.position).toBe(3);
    await write(1);
    const later = await verify(head.hash.toUpperCase());
    expect(later).toMatchObject({ intact: true, entries: 4, head: { position: 4 } });
    expect(later.head.hash).not.toBe(head.hash);
  });

  it('goes on over more entries than are looked at in one go', async () => {
    await test.database.query(`
      INSERT INTO audit_entries (at, actor_role, action, details)
      SELECT now(), 'service', 'export', jsonb_build_object('n', n) FROM generate_series(1, 4001) n`);
    expect(await verify()).toMatchObject({ intact: true, entries: 4001, head: { position: 4001 } });
    await tamper(`UPDATE audit_entries SET action = 'sign-in' WHERE id = 3999`);
    expect((await verify()).faults).toEqual([{ kind: 'altered', position: 3999, entryId: '3999' }]);
  });

  it.each([
    [`at = at + interval '1 millisecond'`],
    [`actor_id = gen_random_uuid()`],
    [`actor_role = 'employee'`],
    [`action = 'export'`],
    [`subject_type = 'ticket'`],
    [`subject_id = 'x'`],
    [`subject_type = NULL, subject_id = NULL`],
    [`details = details || '{"n": 9}'`],
    [`request_id = 'x'`],
    [`address_digest = sha256('x')`],
    [`address = '192.0.2.1', address_salt = '\\x00', address_digest = sha256('x')`],
  ])('tells an entry where %s', async (change) => {
    await write(4);
    await tamper(`UPDATE audit_entries SET ${change} WHERE id = 2`);
    expect(await verify()).toMatchObject({
      intact: false,
      faultCount: 1,
      faults: [{ kind: 'altered', position: 2, entryId: '2' }],
    });
  });

  it('tells an address that was exchanged for another, and minds none that was taken out', async () => {
    await test.client.post('/v1/auth/login', { email: 'nobody@example.fr', password: 'a wrong guess' });
    const rows = await test.database.query<{ address: string }[]>('SELECT address FROM audit_entries');
    expect(rows).toEqual([{ address: '127.0.0.1' }]);
    await tamper(`UPDATE audit_entries SET address = '192.0.2.1'`);
    expect((await verify()).faults).toEqual([{ kind: 'altered', position: 1, entryId: '1' }]);
    await test.database.query('UPDATE audit_entries SET address = NULL, address_salt = NULL');
    expect((await verify()).intact).toBe(true);
  });

  it('tells a link that was altered, and the one after it, which hangs on it', async () => {
    await write(4);
    await tamper(`UPDATE audit_chain SET hash = sha256('x') WHERE position = 2`);
    expect((await verify()).faults).toEqual([
      { kind: 'altered', position: 2, entryId: '2' },
      { kind: 'altered', position: 3, entryId: '3' },
    ]);
  });

  it('tells two entries that changed places', async () => {
    await write(4);
    await tamper(
      'UPDATE audit_chain SET entry_id = -2 WHERE position = 2',
      'UPDATE audit_chain SET entry_id = 2 WHERE position = 3',
      'UPDATE audit_chain SET entry_id = 3 WHERE position = 2',
    );
    expect((await verify()).faults.map(({ kind, position }) => [kind, position])).toEqual([
      ['altered', 2],
      ['altered', 3],
    ]);
  });

  it.each([
    ['an entry', ['DELETE FROM audit_entries WHERE id = 2'], [{ kind: 'removed', position: 2, entryId: '2' }]],
    [
      'an entry with its link',
      ['DELETE FROM audit_chain WHERE position = 2', 'DELETE FROM audit_entries WHERE id = 2'],
      [{ kind: 'removed', position: 2, entryId: null }],
    ],
    [
      'the beginning',
      ['DELETE FROM audit_chain WHERE position <= 2', 'DELETE FROM audit_entries WHERE id <= 2'],
      [{ kind: 'removed', position: 1, entryId: null }],
    ],
    [
      'an entry with its link, the later ones moved up',
      [
        'DELETE FROM audit_chain WHERE position = 2',
        'DELETE FROM audit_entries WHERE id = 2',
        'UPDATE audit_chain SET position = 2 WHERE position = 3',
        'UPDATE audit_chain SET position = 3 WHERE position = 4',
      ],
      [
        { kind: 'altered', position: 2, entryId: '3' },
        { kind: 'altered', position: 3, entryId: '4' },
      ],
    ],
  ])('tells that %s was removed', async (_, statements, faults) => {
    await write(4);
    await tamper(...statements);
    expect(await verify()).toMatchObject({ intact: false, faults });
  });

  it('tells that its end was cut off, to whoever wrote the head down', async () => {
    await write(4);
    const { head } = await verify();
    await tamper('DELETE FROM audit_chain WHERE position >= 3', 'DELETE FROM audit_entries WHERE id >= 3');
    expect((await verify()).intact).toBe(true);
    expect(await verify(head.hash)).toMatchObject({
      intact: false,
      faults: [{ kind: 'head-missing', position: null, entryId: null }],
    });
    // Nor does it help to write something else there.
    await write(2);
    expect((await verify(head.hash)).faults.map(({ kind }) => kind)).toEqual(['head-missing']);
  });

  it('tells an entry that was slipped in past it', async () => {
    await write(2);
    const insert = `INSERT INTO audit_entries (at, actor_role, action, details) VALUES (now(), 'service', 'export', '{}')`;
    await tamper(insert);
    expect((await verify()).faults).toEqual([{ kind: 'inserted', position: null, entryId: '3' }]);
    // With a link that is made up, too.
    await tamper(`INSERT INTO audit_chain (position, entry_id, hash) VALUES (3, 3, sha256('x'))`);
    expect((await verify()).faults).toEqual([{ kind: 'altered', position: 3, entryId: '3' }]);
  });

  it('counts what it does not tell one by one', async () => {
    await write(1);
    await tamper(`
      INSERT INTO audit_entries (at, actor_role, action, details)
      SELECT now(), 'service', 'export', '{}' FROM generate_series(1, 150)`);
    const { faultCount, faults } = await verify();
    expect({ faultCount, told: faults.length }).toEqual({ faultCount: 150, told: 100 });
  });

  it.each([
    ['altering an entry', `UPDATE audit_entries SET action = 'export'`],
    ['giving one another address', `UPDATE audit_entries SET address = '192.0.2.1', address_salt = '\\x00'`],
    ['removing one', 'DELETE FROM audit_entries'],
    ['emptying the log', 'TRUNCATE audit_entries CASCADE'],
    ['altering a link', `UPDATE audit_chain SET hash = sha256('x')`],
    ['removing one', 'DELETE FROM audit_chain'],
    ['emptying the chain', 'TRUNCATE audit_chain'],
    ['adding a link by hand', `INSERT INTO audit_chain (position, entry_id, hash) VALUES (3, 1, sha256('x'))`],
  ])('the database refuses %s', async (_, sql) => {
    await write(2);
    await expect(test.database.query(sql)).rejects.toMatchObject({ driverError: { code: '23001' } });
    expect((await verify()).intact).toBe(true);
  });

  it('holds nothing of a transaction that came to nothing', async () => {
    await write(1);
    await expect(
      test.database.transaction(async (manager) => {
        await log.record(manager, { action: 'export', actor: SERVICE });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await write(1);
    expect(await verify()).toMatchObject({ intact: true, entries: 2, head: { position: 2 } });
  });

  it('refuses an entry in a transaction that would chain it to what it can’t see', async () => {
    const written = test.database.transaction('REPEATABLE READ', async (manager) =>
      log.record(manager, { action: 'export', actor: SERVICE }),
    );
    await expect(written).rejects.toThrow('an audit entry is written in a transaction that reads what is committed');
  });

  it('holds nobody up while a transaction that wrote an entry goes on', async () => {
    await test.database.transaction(async (manager) => {
      await log.record(manager, { action: 'export', actor: SERVICE, details: { first: true } });
      await log.recordApart({ action: 'export', actor: SERVICE, details: { first: false } });
    });
    expect((await verify()).intact).toBe(true);
    const order = await test.database.query<unknown[]>(
      `SELECT e.details FROM audit_chain c JOIN audit_entries e ON e.id = c.entry_id ORDER BY c.position`,
    );
    // In the order of the commits, not of the writing.
    expect(order).toEqual([{ details: { first: false } }, { details: { first: true } }]);
  });

  it('has its writers take turns at the commit', async () => {
    const { manager } = test.database;
    const first = test.database.createQueryRunner();
    let second: Promise<unknown> | undefined;
    try {
      await first.startTransaction();
      await log.record(first.manager, { action: 'export', actor: SERVICE });
      await first.query('SET CONSTRAINTS ALL IMMEDIATE');
      second = log.record(manager, { action: 'export', actor: SERVICE }).catch((error: unknown) => error);
      await untilSomebodyWaits(test);
      await first.commitTransaction();
    } finally {
      await first.release();
    }
    expect(await second).toBeUndefined();
    expect(await verify()).toMatchObject({ intact: true, head: { position: 2 } });
  });

  it('stays whole with twenty writers at once, on two replicas, some of whom think better of it', async () => {
    const replica = await startTestApp({ databaseUrl: test.config.databaseUrl ?? '' });
    const logs = [test, replica].map(({ app, database }) => ({ log: app.get(AuditLog), database }));
    const turns = Array.from({ length: 200 }, (_, n) => n);
    const ends = await withHands(20, turns, async (n) => {
      const side = logs[n % 2]!;
      const work = side.database.transaction(async (manager) => {
        await side.log.record(manager, { action: 'sign-in-refused', actor: ANONYMOUS, details: { n } });
        if (n % 3 === 0)
          await side.log.record(manager, { action: 'sign-in-refused', actor: ANONYMOUS, details: { n } });
        if (n % 10 === 0) throw new Error('no');
      });
      return work.then(
        () => 'done',
        (error: unknown) => (error as Error).message,
      );
    });
    await replica.stop();
    expect(ends).toEqual(turns.map((n) => (n % 10 === 0 ? 'no' : 'done')));
    const written = turns.filter((n) => n % 10 !== 0).reduce((sum, n) => sum + (n % 3 === 0 ? 2 : 1), 0);
    expect(await verify()).toMatchObject({ intact: true, entries: written, head: { position: written } });
  });
});
