import type { ApiResponse } from '../support/api-client';
import { type SessionBody, signInAs } from '../support/builders';
import { tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const ROUNDS = 10;

describe('Administrators who leave at the same moment, on two replicas', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
    replica = await test.replica();
  });
  afterEach(() => {
    const lines = [...test.logLines(), ...replica.logLines()];
    expect(lines.filter(({ level, status }) => level === 'error' || Number(status) >= 500)).toEqual([]);
  });
  afterAll(async () => {
    await test.stop();
  });

  const erase = async (at: TestApp, { accessToken }: SessionBody): Promise<ApiResponse> =>
    at.client.request('DELETE', '/v1/users/me', { token: accessToken });

  async function activeAdmins(): Promise<number> {
    const [row] = await test.database.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM users WHERE role = 'admin' AND is_active`,
    );
    return row?.count ?? 0;
  }

  it('leaves exactly one administrator where two leave at once', async () => {
    let stayed = await signInAs(test, 'admin');
    for (let round = 0; round < ROUNDS; round++) {
      const next = await signInAs(test, 'admin');
      const answers = await Promise.all([erase(test, stayed), erase(replica, next)]);
      expect(tally(answers)).toEqual({ '204': 1, '409 LAST_ADMIN': 1 });
      expect(await activeAdmins()).toBe(1);
      if (answers[0].status === 204) stayed = next;
    }
  });

  it('leaves one of many, and tells the others that they are gone', async () => {
    const admins: SessionBody[] = [];
    // With the one that stayed above.
    while (admins.length < 7) admins.push(await signInAs(test, 'admin'));
    const answers = await Promise.all(admins.map((admin, n) => erase(n % 2 === 0 ? test : replica, admin)));
    expect(tally(answers)).toEqual({ '204': 7 });
    expect(await activeAdmins()).toBe(1);
  });
});
