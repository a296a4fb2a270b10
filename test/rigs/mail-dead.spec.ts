import { setTimeout as sleep } from 'node:timers/promises';
import type { Contest } from '@tiptop/game';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { type Refusal, SmtpInbox } from '../support/smtp-inbox';
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

describe('Letters that a server does not take', () => {
  let inbox: SmtpInbox;
  let test: TestApp;
  let contest: Contest;
  let admin: SessionBody;

  beforeAll(async () => {
    inbox = await SmtpInbox.open();
    test = await startTestApp({ config: { mail: inbox.mail } });
    contest = await createContest(test);
    admin = await signInAs(test, 'admin');
  });
  afterAll(async () => {
    await test.stop();
    await inbox.close();
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
  async function winRefused(player: SessionBody, refusal: Refusal): Promise<void> {
    inbox.refuse((_attempt, to) => (to === player.user.email ? refusal : undefined));
    const [code = ''] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, player)).status).toBe(200);
  }
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

  it.each(['recipient-never', 'content-never'] as const)(
    'end at once where the server says that it is for good (%s); an administrator sees why, and has them tried again',
    async (refusal) => {
      const player = await settledCustomer();
      await winRefused(player, refusal);
      const letter = await dead(player);
      expect(letter).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        kind: 'prize-won',
        userId: player.user.id,
        state: 'dead',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        tries: 1,
        lastError: expect.stringMatching(/550.*\[redacted\].*refused by the test/) as string,
      });
      const alarms = test.logLines().filter(({ level, mailId }) => level === 'error' && mailId === letter.id);
      expect(alarms).toEqual([
        expect.objectContaining({
          kind: 'prize-won',
          tries: 1,
          reason: letter.lastError,
          msg: expect.stringMatching(/no more/) as string,
        }),
      ]);
      expect(inbox.to(player.user.email).filter(({ subject }) => /gagné/.test(subject))).toEqual([]);

      inbox.refuse();
      expect(await retry(letter.id)).toMatchObject({ status: 202, body: '' });
      expectProblem(await retry(letter.id), 404, 'MAIL_NOT_FOUND');
      await inbox.until(() => inbox.to(player.user.email).some(({ subject }) => /gagné/.test(subject)));
      await until(async () => (await mailsOf(player, 'delivered')).some(({ id }) => id === letter.id));
      expect((await mailsOf(player, 'delivered')).find(({ id }) => id === letter.id)).toMatchObject({
        tries: 2,
        lastError: null,
      });
      expect(await mailsOf(player, 'dead')).toEqual([]);
    },
  );

  it('wait while the server says that it is for now', async () => {
    const player = await settledCustomer();
    await winRefused(player, 'recipient-later');
    await until(async () => (await mailsOf(player, 'waiting')).some(({ tries }) => tries > 1));
    const [letter] = await mailsOf(player, 'waiting');
    expect(letter).toMatchObject({ kind: 'prize-won', state: 'waiting' });
    expect(letter?.lastError).toMatch(/451/);
    expectProblem(await retry(letter!.id), 404, 'MAIL_NOT_FOUND');
    inbox.refuse();
    await until(async () => (await mailsOf(player, 'waiting')).length === 0);
  });

  it('end after their last try', async () => {
    const player = await settledCustomer();
    await winRefused(player, 'recipient-later');
    await until(async () => {
      const [, limited] = await test.database.query<[unknown, number]>(
        `UPDATE pgboss.job SET retry_limit = 1 WHERE data->>'userId' = $1 AND state < 'completed'`,
        [player.user.id],
      );
      return limited === 1;
    });
    const letter = await dead(player);
    expect(letter).toMatchObject({ tries: 2, lastError: expect.stringMatching(/451/) as string });
    expect(test.logLines().filter(({ level, mailId }) => level === 'error' && mailId === letter.id)).toHaveLength(1);
    // One more try is what the administrator gets, and what they are told of.
    expect((await retry(letter.id)).status).toBe(202);
    await until(async () => (await mailsOf(player, 'dead'))[0]?.tries === 3);
    inbox.refuse();
  });
});
