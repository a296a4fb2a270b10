import { setTimeout as sleep } from 'node:timers/promises';
import type { Contest } from '@tiptop/game';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { SmtpInbox } from '../support/smtp-inbox';
import { startTestApp, type TestApp } from '../support/test-app';

const BOX = { name: 'Coffret découverte', description: 'Un coffret', valueCents: 3900, currency: 'EUR', weight: 1 };

describe('Letters of the contest, by SMTP', () => {
  let inbox: SmtpInbox;
  let test: TestApp;
  let contest: Contest;
  let employee: SessionBody;

  beforeAll(async () => {
    inbox = await SmtpInbox.open();
    test = await startTestApp({ config: { mail: inbox.mail, webUrl: 'https://www.the-tip-top.example' } });
    contest = await createContest(test, { prizes: [BOX], startsAt: new Date('2026-11-01T09:00:00Z') });
    test.clock.moveTo(new Date('2026-11-20T09:00:00Z'));
    employee = await signInAs(test, 'employee');
  });
  afterAll(async () => {
    await test.stop();
    await inbox.close();
  });

  async function customer(fields: Record<string, unknown>): Promise<SessionBody> {
    const { language = 'fr', ...person } = fields;
    const session = await registerCustomer(test, person);
    await test.client.request('PATCH', '/v1/users/me', { token: session.accessToken, body: { language } });
    return session;
  }
  async function win(player: SessionBody): Promise<string> {
    const [code = ''] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, player)).status).toBe(200);
    return code;
  }
  const validate = (code: string) =>
    test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
  const queued = async (kind: string, code: string): Promise<number> => {
    const [row] = await test.database.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM letters WHERE kind = $1 AND data->>'code' = $2`,
      [kind, code],
    );
    return row!.count;
  };
  /** Waits until no letter about a ticket is waiting. */
  const whenDone = async (code: string): Promise<void> => {
    for (;;) {
      const open = await test.database.query<unknown[]>(
        `SELECT 1 FROM letters WHERE data->>'code' = $1 AND state IN ('created', 'retry', 'active')`,
        [code],
      );
      if (open.length === 0) return;
      await sleep(50);
    }
  };
  const letterOf = async (email: string, subject: RegExp) => {
    const find = () => inbox.to(email).find((letter) => subject.test(letter.subject));
    await inbox.until(() => find() !== undefined);
    return find()!;
  };

  it('come over the wire to the winner alone, from us, each by a name of its own', async () => {
    const player = await customer({ firstName: 'Zoé', lastName: 'Lefèvre' });
    const code = await win(player);
    const letter = await letterOf(player.user.email, /^Bravo Zoé, vous avez gagné : Coffret découverte$/);
    expect(letter.text).toContain(code);
    expect(letter.html).toContain(`<strong>${code}</strong>`);
    expect(letter.header('to')).toContain(`<${player.user.email}>`);
    expect(letter.header('from')).toContain('<ne-pas-repondre@the-tip-top.example>');
    expect(letter.header('auto-submitted')).toBe('auto-generated');
    expect(letter.messageId).toMatch(/^<[0-9a-f-]{36}@the-tip-top\.example>$/);
  });

  it('do not tell of a hand-over that was taken back while the server did not want them', async () => {
    const player = await customer({ firstName: 'Tom' });
    const admin = await signInAs(test, 'admin');
    const undone = await win(player);
    await inbox.lettersTo(player.user.email, 2);

    let tries = 0;
    inbox.refuse((_attempt, to) => (to === player.user.email && ++tries > 0 ? 'recipient-later' : undefined));
    const undo = () => test.client.post(`/v1/claims/${undone}/undo`, { reason: 'Erreur' }, admin.accessToken);
    const told = () => inbox.to(player.user.email).filter(({ subject }) => /remis/.test(subject)).length;
    expect((await validate(undone)).status).toBe(200);
    await inbox.until(() => tries > 0);
    expect((await undo()).status).toBe(200);
    inbox.refuse();
    await whenDone(undone);
    expect(told()).toBe(0);

    // Handed over, taken back and handed over again: it is the last time that is told.
    inbox.refuse((_attempt, to) => (to === player.user.email ? 'recipient-later' : undefined));
    expect((await validate(undone)).status).toBe(200);
    expect((await undo()).status).toBe(200);
    test.clock.moveBy(1000);
    expect((await validate(undone)).status).toBe(200);
    inbox.refuse();
    await whenDone(undone);
    expect(await queued('prize-handed-over', undone)).toBe(3);
    expect(told()).toBe(1);
  });
});
