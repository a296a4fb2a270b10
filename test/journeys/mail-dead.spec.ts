import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ComposedMail, MailKinds } from '@tiptop/platform';
import { MetricsService } from '../../apps/api/src/metrics/metrics.service';
import { ApiClient } from '../support/api-client';
import { registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { lettersIn, TEST_MAIL } from '../support/mail-folder';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface MailItem {
  id: string;
  kind: string;
  userId: string;
  state: string;
  createdAt: string;
  tries: number;
  lastError: string | null;
}

interface MailList {
  items: MailItem[];
  nextCursor: string | null;
}

const KIND = 'test-stuck';
const TEXT = { subject: 'Bonjour', body: '<p>Bonjour</p>' };
const LETTER: ComposedMail = {
  to: { name: 'Ana', address: 'ana@example.fr' },
  language: 'fr',
  texts: { fr: TEXT, en: TEXT },
  variables: {},
};

describe('Letters that can’t be delivered', () => {
  let test: TestApp;
  let admin: SessionBody;
  /** Why letters of the kind can't be written; asked at each try. */
  let fault: Error | undefined;

  beforeAll(async () => {
    test = await startTestApp({ config: { mail: TEST_MAIL } });
    test.app.get(MailKinds).register(KIND, () => (fault ? Promise.reject(fault) : Promise.resolve(LETTER)));
    admin = await signInAs(test, 'admin');
  });
  beforeEach(() => {
    fault = new Error('Nothing is written to ana@example.fr today');
  });
  afterAll(async () => {
    await test.stop();
  });

  /** A new customer to whom nothing is on its way. */
  async function settledCustomer(): Promise<SessionBody> {
    const session = await registerCustomer(test);
    await until(async () => {
      const rows = await test.database.query<unknown[]>(
        `SELECT 1 FROM letters WHERE state IN ('created', 'retry', 'active')`,
      );
      return rows.length === 0;
    });
    return session;
  }
  const post = (kind: string, userId: string | null): Promise<{ id: string }[]> =>
    test.database.query(`SELECT enqueue_mail($1, $2, '{}') AS id`, [kind, userId]);
  async function list(query: Record<string, string> = {}): Promise<MailList> {
    const path = `/v1/admin/mails?${new URLSearchParams(query).toString()}`;
    const { status, body } = await test.client.get<MailList>(path, admin.accessToken);
    expect(status).toBe(200);
    return body;
  }
  const mailsOf = async (player: SessionBody, state: string): Promise<MailItem[]> =>
    (await list({ state, limit: '200' })).items.filter(({ userId }) => userId === player.user.id);
  const retry = (id: string, token = admin.accessToken) =>
    test.client.post(`/v1/admin/mails/${id}/retry`, undefined, token);
  async function until(reached: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!(await reached())) {
      if (Date.now() > deadline) throw new Error('It did not come to that in time');
      await sleep(50);
    }
  }
  async function dead(player: SessionBody): Promise<MailItem> {
    await until(async () => (await mailsOf(player, 'dead')).length > 0);
    return (await mailsOf(player, 'dead'))[0]!;
  }

  it('wait while there is hope, and leave then', async () => {
    const player = await settledCustomer();
    await post(KIND, player.user.id);
    await until(async () => (await mailsOf(player, 'waiting')).some(({ tries }) => tries > 1));
    const [letter] = await mailsOf(player, 'waiting');
    expect(letter).toMatchObject({ kind: KIND, state: 'waiting' });
    expect(letter?.lastError).toBe('Nothing is written to [redacted] today');
    expectProblem(await retry(letter!.id), 404, 'MAIL_NOT_FOUND');
    expect(lettersIn(test, player.user.id, KIND)).toEqual([]);
    fault = undefined;
    await until(async () => (await mailsOf(player, 'waiting')).length === 0);
    expect(lettersIn(test, player.user.id, KIND)).toHaveLength(1);
  });

  it('end after their last try; an administrator sees why, and has them tried again', async () => {
    const player = await settledCustomer();
    await post(KIND, player.user.id);
    await until(async () => {
      const [, limited] = await test.database.query<[unknown, number]>(
        `UPDATE pgboss.job SET retry_limit = 1 WHERE data->>'userId' = $1 AND state < 'completed'`,
        [player.user.id],
      );
      return limited === 1;
    });
    const letter = await dead(player);
    expect(letter).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      kind: KIND,
      userId: player.user.id,
      state: 'dead',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      tries: 2,
      lastError: 'Nothing is written to [redacted] today',
    });
    const alarms = () => test.logLines().filter(({ level, mailId }) => level === 'error' && mailId === letter.id);
    expect(alarms()).toEqual([
      expect.objectContaining({
        kind: KIND,
        tries: 2,
        reason: letter.lastError,
        msg: expect.stringMatching(/no more/) as string,
      }),
    ]);
    // One more try is what the administrator gets, and what they are told of.
    expect((await retry(letter.id)).status).toBe(202);
    await until(async () => (await mailsOf(player, 'dead'))[0]?.tries === 3);
    expect(lettersIn(test, player.user.id, KIND)).toEqual([]);

    fault = undefined;
    expect(await retry(letter.id)).toMatchObject({ status: 202, body: '' });
    expectProblem(await retry(letter.id), 404, 'MAIL_NOT_FOUND');
    await until(async () => (await mailsOf(player, 'delivered')).some(({ id }) => id === letter.id));
    expect((await mailsOf(player, 'delivered')).find(({ id }) => id === letter.id)).toMatchObject({
      tries: 4,
      lastError: null,
    });
    expect(await mailsOf(player, 'dead')).toEqual([]);
    expect(lettersIn(test, player.user.id, KIND)).toHaveLength(1);
  });

  it('are told even where nobody writes letters of their kind', async () => {
    const player = await settledCustomer();
    await post('of-tomorrow', player.user.id);
    await until(async () => typeof (await mailsOf(player, 'waiting'))[0]?.lastError === 'string');
    expect((await mailsOf(player, 'waiting'))[0]?.lastError).toBe('Nobody here writes letters of the kind of-tomorrow');
    await test.database.query(`DELETE FROM pgboss.job WHERE data->>'kind' = 'of-tomorrow'`);
  });

  it('are no more than dropped where they concern nobody', async () => {
    await settledCustomer();
    fault = undefined;
    const folders = () => readdirSync(join(test.config.dataDir, 'mail')).sort();
    const before = folders();
    const [row] = await post(KIND, null);
    await until(async () => (await list({ state: 'delivered', limit: '200' })).items.some(({ id }) => id === row!.id));
    expect(folders()).toEqual(before);
  });

  it('are listed in pages, the newest first, without gap or repetition', async () => {
    await test.database.query(
      `INSERT INTO pgboss.job (name, data, state, created_on, completed_on)
       SELECT 'mail', '{"kind": "listed", "userId": null, "data": {}}', 'failed',
         timestamptz '2026-11-01' + n / 3 * interval '250 microseconds', now() FROM generate_series(1, 25) n`,
    );
    const whole = (await list({ limit: '200' })).items;
    expect(whole.filter(({ kind }) => kind === 'listed')).toHaveLength(25);
    const times = whole.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort().reverse());
    const parts: MailItem[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: MailList = await list({ limit: '4', ...(cursor ? { cursor } : {}) });
      parts.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(parts).toEqual(whole);
  });

  it('are counted by the metrics, as those that wait', async () => {
    await settledCustomer();
    const { items } = await list({ limit: '200' });
    const port = await test.app.get(MetricsService).listen('127.0.0.1', 0);
    const { body } = await new ApiClient(`http://127.0.0.1:${port.toString()}`).get<string>('/metrics');
    expect(items.length).toBeGreaterThan(0);
    expect(body).toContain(`mail_letters{state="dead"} ${items.length.toString()}\n`);
    expect(body).toContain('mail_letters{state="waiting"} 0\n');
  });

  it('are for administrators only', async () => {
    const [player, employee] = [await registerCustomer(test), await signInAs(test, 'employee')];
    for (const { accessToken } of [player, employee]) {
      expectProblem(await test.client.get('/v1/admin/mails', accessToken), 403, 'FORBIDDEN');
      expectProblem(await retry('a', accessToken), 403, 'FORBIDDEN');
    }
    expectProblem(await test.client.get('/v1/admin/mails'), 401, 'UNAUTHENTICATED');
  });

  it.each(['none', '00000000-0000-4000-8000-000000000000', '%00', "'; DROP TABLE users; --"])(
    'are not found by %j',
    async (id) => {
      expectProblem(await retry(encodeURIComponent(id)), 404, 'MAIL_NOT_FOUND');
    },
  );

  it.each([
    ['state', 'lost'],
    ['limit', '0'],
    ['cursor', 'nonsense'],
    // A good cursor, of another list.
    ['cursor', Buffer.from('[1700000000000,"7KQ2M9XHPA"]').toString('base64url')],
  ])('are not listed by %s=%j', async (name, value) => {
    expectInvalid(await test.client.get(`/v1/admin/mails?${name}=${value}`, admin.accessToken), name);
  });
});
