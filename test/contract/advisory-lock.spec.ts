import { AdvisoryLock, advisoryKey } from '@tiptop/platform';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database';

describe('AdvisoryLock', () => {
  let database: TestDatabase;
  let observer: Client;

  beforeAll(async () => {
    database = await createTestDatabase('template0');
    observer = new Client({ connectionString: database.url });
    await observer.connect();
  });
  afterAll(async () => {
    await observer.end();
    await database.drop();
  });

  const tryLock = (name: string) => AdvisoryLock.tryAcquire(database.url, name);

  async function waiting(name: string): Promise<number> {
    const { rows } = await observer.query<{ count: string }>(
      `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE l.locktype = 'advisory' AND NOT l.granted AND a.application_name = $1`,
      [`tiptop lock ${name}`],
    );
    return Number(rows[0]?.count);
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((wake) => setTimeout(wake, 10));
  }

  it('is held by one at a time', async () => {
    const held = await tryLock('a');
    expect(held).toBeDefined();
    expect(await tryLock('a')).toBeUndefined();
    await held?.release();
    const next = await tryLock('a');
    expect(next).toBeDefined();
    await next?.release();
  });

  it('is one for each name, and each database', async () => {
    const other = await createTestDatabase('template0');
    const locks = [await tryLock('b'), await tryLock('c'), await AdvisoryLock.tryAcquire(other.url, 'b')];
    expect(locks.every((lock) => lock !== undefined)).toBe(true);
    for (const lock of locks) await lock?.release();
    await other.drop();
  });

  it('is given to one of many who try at once', async () => {
    const locks = await Promise.all(Array.from({ length: 12 }, () => tryLock('d')));
    const won = locks.filter((lock) => lock !== undefined);
    expect(won).toHaveLength(1);
    await won[0]?.release();
  });

  it('is waited for in turn by who wants it whatever it takes', async () => {
    const inside: number[] = [];
    const first = await AdvisoryLock.acquire(database.url, 'e');
    const others = [1, 2, 3].map(async (n) => {
      const lock = await AdvisoryLock.acquire(database.url, 'e');
      inside.push(n);
      expect(await tryLock('e')).toBeUndefined();
      await lock.release();
    });
    await until(async () => (await waiting('e')) === 3);
    expect(inside).toEqual([]);
    await first.release();
    await Promise.all(others);
    expect(inside.sort()).toEqual([1, 2, 3]);
  });

  it('is free when its holder’s connection dies, and the holder survives that', async () => {
    const dying = await tryLock('f');
    await observer.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiptop lock f'`,
    );
    let heir: AdvisoryLock | undefined;
    await until(async () => (heir = await tryLock('f')) !== undefined);
    await dying?.release();
    expect(await tryLock('f')).toBeUndefined();
    await heir?.release();
  });

  it('leaves no connection behind', async () => {
    await until(async () => {
      const { rows } = await observer.query(
        "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'tiptop lock%' AND datname = current_database()",
      );
      return rows.length === 0;
    });
  });

  it('has a key that is a 64-bit number, always the same for a name', () => {
    expect(advisoryKey('migrations')).toBe(advisoryKey('migrations'));
    expect(advisoryKey('migrations')).not.toBe(advisoryKey('Migrations'));
    for (const name of ['', 'migrations', 'é🫖']) {
      expect(BigInt.asIntN(64, BigInt(advisoryKey(name)))).toBe(BigInt(advisoryKey(name)));
    }
  });
});
