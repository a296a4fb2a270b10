import type { Contest } from '@tiptop/game';
import { createContest, registerCustomers, type SessionBody, unplayedCodes } from '../support/builders';
import { play, withHands } from '../support/plays';
import type { ReceivedMail } from '../support/received-mail';
import { type Refusal, SmtpInbox } from '../support/smtp-inbox';
import { startTestApp, type TestApp } from '../support/test-app';

const FAILURES: readonly Refusal[] = ['recipient-later', 'content-later', 'drop'];

const isWin = ({ subject }: ReceivedMail) => /vous avez gagné/.test(subject);
const codeIn = ({ text }: ReceivedMail) => /Votre ticket (\w{10})/.exec(text)?.[1];
const warnings = (test: TestApp) => test.logLines().filter(({ level }) => level === 'warn' || level === 'error');

describe('An SMTP server that fails', () => {
  let inbox: SmtpInbox;
  const tests: TestApp[] = [];

  beforeEach(async () => {
    inbox = await SmtpInbox.open();
  });
  afterEach(async () => {
    for (const test of tests.splice(0).reverse()) await test.stop();
    await inbox.close();
  });

  async function start(databaseUrl?: string): Promise<TestApp> {
    const test = await startTestApp({
      config: { mail: inbox.mail },
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
    });
    tests.push(test);
    return test;
  }

  /** Plays each code over HTTP, each player one after the other. */
  async function winAll(
    test: TestApp,
    players: readonly SessionBody[],
    contest: Contest,
    count: number,
  ): Promise<string[]> {
    const codes = await unplayedCodes(test, contest, count);
    const answers = await withHands(8, codes, (code, place) => play(test, code, players[place % players.length]!));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    return codes;
  }

  /** Waits until nothing waits in the queue. @returns how many letters stand there by state */
  async function whenEmpty(test: TestApp): Promise<Record<string, number>> {
    const states = async () => {
      const rows = await test.database.query<{ state: string; count: number }[]>(
        'SELECT state, count(*)::int AS count FROM letters GROUP BY state',
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    };
    let now = await states();
    await expectWithin(async () => {
      now = await states();
      return !now['created'] && !now['retry'] && !now['active'];
    });
    return now;
  }

  async function expectWithin(reached: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 40_000;
    while (!(await reached())) {
      if (Date.now() > deadline) throw new Error('It did not come to that in time');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('at every third delivery loses none of 1,000 winners’ letters, and repeats none', async () => {
    const test = await start();
    const players = await registerCustomers(test, 20);
    const contest = await createContest(test, { tickets: 1000 });
    let failed = 0;
    inbox.refuse((attempt) => (attempt % 3 === 0 ? FAILURES[failed++ % FAILURES.length] : undefined));

    const codes = await winAll(test, players, contest, 1000);
    const states = await whenEmpty(test);

    const wins = inbox.letters.filter(isWin);
    expect(wins.map(codeIn).sort()).toEqual([...codes].sort());
    expect(new Set(inbox.letters.map(({ messageId }) => messageId)).size).toBe(inbox.letters.length);
    expect(failed).toBeGreaterThan(400);
    // Nothing was sent that is not accounted for: each delivery was either accepted, once, or refused.
    expect(inbox.attempts).toBe(inbox.letters.length + failed);
    expect(states).toEqual({ completed: inbox.letters.length });
    // Each stands in the letter of the person who won.
    const owners = await test.database.query<{ code: string; email: string }[]>(
      'SELECT t.code, u.email FROM tickets t JOIN users u ON u.id = t.player_id',
    );
    expect(new Map(wins.map((letter) => [codeIn(letter), letter.to]))).toEqual(
      new Map(owners.map(({ code, email }) => [code, email])),
    );
    // Five hundred failures are one line or two, and tell of nobody.
    expect(warnings(test).length).toBeLessThan(10);
    expect(JSON.stringify(test.logLines())).not.toContain('@example');
    const [row] = await test.database.query<{ text: string }[]>('SELECT json_agg(j)::text AS text FROM pgboss.job j');
    expect(row!.text).not.toContain('@example');
  });

  it('does not hold up the service while it is away, and gets everything once it is back', async () => {
    const { port } = inbox;
    const test = await start();
    const [player] = await registerCustomers(test, 1);
    await whenEmpty(test);
    await inbox.close();
    const contest = await createContest(test, { tickets: 20 });
    const codes = await winAll(test, [player!], contest, 20);
    await expectWithin(() => Promise.resolve(warnings(test).length > 0));
    expect((await test.client.get('/health')).status).toBe(200);
    expect(warnings(test)).toEqual([
      expect.objectContaining({
        level: 'warn',
        kind: 'prize-won',
        tries: 1,
        reason: expect.stringMatching(/ECONNREFUSED/) as string,
      }),
    ]);

    inbox = await SmtpInbox.open(port);
    await inbox.until(() => inbox.letters.length === 20);
    expect(inbox.letters.map(codeIn).sort()).toEqual([...codes].sort());
    await whenEmpty(test);
    expect(inbox.attempts).toBe(20);
  });

  it('gets each letter from one of two replicas', async () => {
    const first = await start();
    const second = await start(first.config.databaseUrl);
    const players = await registerCustomers(first, 4);
    const contest = await createContest(first, { tickets: 300 });
    const codes = await winAll(first, players, contest, 300);
    await whenEmpty(first);
    expect(inbox.letters.filter(isWin).map(codeIn).sort()).toEqual([...codes].sort());
    expect(inbox.attempts).toBe(inbox.letters.length);
    const sent = tests.map((test) => test.logLines().filter(({ msg }) => msg === 'Letter sent').length);
    expect(sent.reduce((sum, count) => sum + count)).toBe(inbox.letters.length);
    expect(Math.min(...sent)).toBeGreaterThan(0);
    expect(second.config.databaseUrl).toBe(first.config.databaseUrl);
  });
});
