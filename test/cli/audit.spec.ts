import { Client } from 'pg';
import { json, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

describe('tiptop audit verify', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;
  let head: string;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
    await client.query(`
      INSERT INTO audit_entries (at, actor_role, action, details)
      SELECT now(), 'service', 'export', jsonb_build_object('n', n) FROM generate_series(1, 3) n`);
  });
  afterAll(async () => {
    await clear();
  });

  it('finds an untouched log intact, and prints its head', async () => {
    const run = await tiptop.run(['audit', 'verify']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^The audit log is intact: 3 entries, 0 faults\n {2}head {2}[0-9a-f]{64} \(3\)\n$/);
    head = /[0-9a-f]{64}/.exec(run.stdout)?.[0] ?? '';
    const { exitCode } = await tiptop.run(['audit', 'verify', '--expect-head', head]);
    expect(exitCode).toBe(0);
  });

  it('tells that its end is gone to who kept the head, and what was altered to anybody', async () => {
    await client.query('ALTER TABLE audit_chain DISABLE TRIGGER ALL; ALTER TABLE audit_entries DISABLE TRIGGER ALL');
    await client.query('DELETE FROM audit_chain WHERE position = 3; DELETE FROM audit_entries WHERE id = 3');
    expect((await tiptop.run(['audit', 'verify'])).exitCode).toBe(0);
    const cut = await tiptop.run(['audit', 'verify', '--expect-head', head]);
    expect(cut.exitCode).toBe(1);
    expect(cut.stdout).toMatch(/^The audit log IS NOT INTACT: 2 entries, 1 faults\n[^\n]+\n {2}head-missing\n$/);
    await client.query(`UPDATE audit_entries SET action = 'sign-in' WHERE id = 1`);
    const altered = await tiptop.run(['audit', 'verify', '--json']);
    expect(altered.exitCode).toBe(1);
    expect(json(altered)).toEqual({
      intact: false,
      entries: 2,
      head: { position: 2, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      faultCount: 1,
      faults: [{ kind: 'altered', position: 1, entryId: '1' }],
    });
  });

  it('takes nothing for a head that is none', async () => {
    expect((await tiptop.run(['audit', 'verify', '--expect-head', 'abc'])).exitCode).toBe(2);
  });
});
