import { setTimeout as sleep } from 'node:timers/promises';
import type { Contest } from '@tiptop/game';
import type { ApiResponse } from '../support/api-client';
import {
  createContest,
  type ProblemBody,
  registerCustomers,
  type SessionBody,
  unplayedCodes,
} from '../support/builders';
import { secretsInLog } from '../support/log-scan';
import { play, type PlayBody, unknownCodes } from '../support/plays';
import { expectProblem, tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const BUDGET = {
  account: 5,
  underPressure: 2,
  address: 12,
  contest: 30,
  windowSeconds: 900,
  blockSeconds: 60,
  maxBlockSeconds: 200,
};
// The service believes the proxy on loopback, so that each request can come from an address of its choice.
const CONFIG = { codeAttempts: BUDGET, trustedProxies: ['127.0.0.1'] };

describe('The budgets of unknown codes', () => {
  let test: TestApp;
  let replica: TestApp;
  let contest: Contest;
  let customers: SessionBody[];
  let everyone: SessionBody[];
  let codes: string[];
  const typed: string[] = [];

  beforeAll(async () => {
    test = await startTestApp({ config: CONFIG });
    replica = await test.replica();
    contest = await createContest(test, { tickets: 100 });
    codes = await unplayedCodes(test, contest, 100);
    everyone = await registerCustomers(test, 60);
    customers = [...everyone];
  });
  beforeEach(async () => {
    await test.database.query('DELETE FROM attempt_budgets');
  });
  afterAll(async () => {
    await test.stop();
  });

  const freshCustomer = (): SessionBody => customers.pop()!;
  const freshCode = (): string => codes.pop()!;
  let addresses = 0;
  const freshAddress = (): string => `203.0.${Math.floor(++addresses / 250)}.${(addresses % 250) + 1}`;

  interface From {
    by: SessionBody;
    address?: string;
    at?: TestApp;
    headers?: Record<string, string>;
  }

  const send = (
    code: string,
    { by, address = '198.51.100.7', at = test, headers = {} }: From,
  ): Promise<ApiResponse<PlayBody>> => play(at, code, by, { 'x-forwarded-for': address, ...headers });

  /** Tries a code that nobody has. */
  function guess(from: From): Promise<ApiResponse<PlayBody>> {
    const [code = ''] = unknownCodes(1);
    typed.push(code);
    return send(code, from);
  }

  async function guessTimes(count: number, from: From): Promise<ApiResponse[]> {
    const answers: ApiResponse[] = [];
    for (let n = 0; n < count; n++) answers.push(await guess(from));
    return answers;
  }

  /** Asserts a refusal and gives the seconds of its Retry-After. */
  function expectRefused(answer: ApiResponse): number {
    const body = expectProblem(answer, 429, 'TOO_MANY_ATTEMPTS');
    const seconds = Number(answer.headers.get('retry-after'));
    expect(Number.isInteger(seconds) && seconds >= 1).toBe(true);
    expect(body.detail).toContain(` ${seconds} `);
    return seconds;
  }

  async function isUnplayed(code: string): Promise<boolean> {
    const [row] = await test.database.query<{ status: string }[]>('SELECT status FROM tickets WHERE code = $1', [code]);
    return row?.status === 'unclaimed';
  }

  /** Lets time pass for the blocks in force, and for the windows: they end now. */
  const endBlocks = (): Promise<unknown> =>
    test.database.query(`UPDATE attempt_budgets SET expire = $1 WHERE key NOT LIKE '%-blocks:%'`, [Date.now() - 1]);

  const warnings = (at = test): Record<string, unknown>[] =>
    at.logLines().filter(({ level, msg }) => level === 'warn' && /unknown codes/.test(String(msg)));

  describe('of an account', () => {
    it('bears five, then refuses with the time to wait, a right code as well', async () => {
      const by = freshCustomer();
      expect(tally(await guessTimes(5, { by }))).toEqual({ '404 TICKET_NOT_FOUND': 5 });
      const code = freshCode();
      expect((await send(code, { by })).status).toBe(200);
      expect(expectRefused(await guess({ by }))).toBeLessThanOrEqual(BUDGET.blockSeconds);
      const blocked = freshCode();
      expect(expectRefused(await send(blocked, { by }))).toBeLessThanOrEqual(BUDGET.blockSeconds);
      expect(await isUnplayed(blocked)).toBe(true);
      // From elsewhere, too; and a played code tells the blocked account nothing.
      expectRefused(await send(blocked, { by, address: freshAddress() }));
      expectRefused(await send(code, { by }));
      // Anybody else is served.
      expect((await send(blocked, { by: freshCustomer() })).status).toBe(200);
    });

    it('speaks French and English', async () => {
      const by = freshCustomer();
      await guessTimes(6, { by });
      const say = async (language: string): Promise<ProblemBody> =>
        (await guess({ by, headers: { 'accept-language': language } })).body as unknown as ProblemBody;
      expect((await say('fr')).detail).toMatch(/^Trop de tentatives.* dans \d+ secondes/);
      expect((await say('en')).detail).toMatch(/^Too many.* in \d+ seconds/);
    });

    it('opens again when the block ends', async () => {
      const by = freshCustomer();
      await guessTimes(6, { by });
      const code = freshCode();
      expectRefused(await send(code, { by }));
      await endBlocks();
      expect((await send(code, { by })).status).toBe(200);
      expect(tally(await guessTimes(5, { by }))).toEqual({ '404 TICKET_NOT_FOUND': 5 });
    });

    it('is blocked twice as long each further time, up to the longest block', async () => {
      const by = freshCustomer();
      const seconds: number[] = [];
      for (let block = 0; block < 4; block++) {
        await guessTimes(5, { by, address: freshAddress() });
        seconds.push(expectRefused(await guess({ by })));
        await endBlocks();
      }
      expect(seconds).toEqual([60, 120, 200, 200]);
      // Another account begins at the beginning.
      const other = freshCustomer();
      await guessTimes(5, { by: other, address: freshAddress() });
      expect(expectRefused(await guess({ by: other, address: freshAddress() }))).toBe(60);
    });

    it('forgets failures that are older than the window', async () => {
      const by = freshCustomer();
      await guessTimes(4, { by });
      await endBlocks();
      expect(tally(await guessTimes(5, { by }))).toEqual({ '404 TICKET_NOT_FOUND': 5 });
      expectRefused(await guess({ by }));
    });

    it('does not count what is no guess: prizes won, typing errors, codes that were played', async () => {
      const [by, other] = [freshCustomer(), freshCustomer()];
      const played = freshCode();
      await send(played, { by: other });
      for (let n = 0; n < 8; n++) {
        expect((await send(freshCode(), { by })).status).toBe(200);
        expectProblem(
          await send(`${played.slice(0, 9)}${played.endsWith('2') ? '3' : '2'}`, { by }),
          400,
          'INVALID_CODE_FORMAT',
        );
        expectProblem(await send(played, { by }), 409, 'TICKET_ALREADY_PLAYED');
        expectProblem(await send(freshCodeOf(8), { by, headers: { 'idempotency-key': '' } }), 400, 'VALIDATION_FAILED');
      }
      expect(await test.database.query('SELECT key FROM attempt_budgets')).toEqual([]);
      expect(tally(await guessTimes(5, { by }))).toEqual({ '404 TICKET_NOT_FOUND': 5 });
      expectRefused(await guess({ by }));
    });

    it('gives a blocked account the answer of its own play again, where that had got lost on the way', async () => {
      const by = freshCustomer();
      const code = freshCode();
      const headers = { 'idempotency-key': 'lost-answer' };
      const won = await send(code, { by, headers });
      await guessTimes(6, { by });
      const again = await send(code, { by, headers });
      expect(again.status).toBe(200);
      expect(again.body).toEqual(won.body);
      expectRefused(await send(freshCodeOf(0), { by, headers }));
    });

    it('answers five of a hundred guesses made at once', async () => {
      const by = freshCustomer();
      const guesses = unknownCodes(100);
      typed.push(...guesses);
      const answers = await Promise.all(guesses.map((code, n) => send(code, { by, at: n % 2 === 0 ? test : replica })));
      expect(tally(answers)).toEqual({ '404 TICKET_NOT_FOUND': 5, '429 TOO_MANY_ATTEMPTS': 95 });
      const code = freshCode();
      expectRefused(await send(code, { by }));
      expect(await isUnplayed(code)).toBe(true);
      // The burst counts as one block: the next one is twice as long, not two to the ninety-fifth.
      await endBlocks();
      await guessTimes(5, { by, address: freshAddress() });
      expect(expectRefused(await guess({ by, address: freshAddress() }))).toBe(120);
    });

    it('tells nobody of a burst to wait longer than the block lasts', async () => {
      const by = freshCustomer();
      const answers = await Promise.all(Array.from({ length: 60 }, () => guess({ by })));
      const waits = answers.filter(({ status }) => status === 429).map(expectRefused);
      expect(Math.max(...waits)).toBeLessThanOrEqual(BUDGET.blockSeconds);
    });

    it('is one budget on all replicas', async () => {
      const by = freshCustomer();
      expect(tally(await guessTimes(3, { by, at: test }))).toEqual({ '404 TICKET_NOT_FOUND': 3 });
      expect(tally(await guessTimes(2, { by, at: replica }))).toEqual({ '404 TICKET_NOT_FOUND': 2 });
      expectRefused(await guess({ by, at: test }));
      const code = freshCode();
      for (const at of [test, replica]) expectRefused(await send(code, { by, at }));
      expect(await isUnplayed(code)).toBe(true);
    });
  });

  describe('of an address', () => {
    /** Uses the address's budget up, by accounts that stay within their own. */
    async function exhaust(address: string): Promise<SessionBody[]> {
      const guessers = [freshCustomer(), freshCustomer(), freshCustomer()];
      for (const by of guessers) await guessTimes(4, { by, address });
      await guess({ by: guessers[0]!, address });
      return guessers;
    }

    it('never locks a shop’s customers out: who types a right code does not notice', async () => {
      const address = freshAddress();
      await exhaust(address);
      for (let n = 0; n < 5; n++) expect((await send(freshCode(), { by: freshCustomer(), address })).status).toBe(200);
    });

    it('bears with a typing error even then, and with two', async () => {
      const address = freshAddress();
      await exhaust(address);
      const by = freshCustomer();
      expectProblem(await guess({ by, address }), 404, 'TICKET_NOT_FOUND');
      expect((await send(freshCode(), { by, address })).status).toBe(200);
      expectProblem(await guess({ by, address }), 404, 'TICKET_NOT_FOUND');
      expect(expectRefused(await guess({ by, address }))).toBeLessThanOrEqual(BUDGET.blockSeconds);
    });

    it('refuses the accounts behind it that have been failing, a right code as well', async () => {
      const address = freshAddress();
      const guessers = await exhaust(address);
      const code = freshCode();
      for (const by of guessers.slice(1)) {
        expectRefused(await guess({ by, address }));
        expectRefused(await send(code, { by, address }));
      }
      expect(await isUnplayed(code)).toBe(true);
      // They are not blocked themselves: from another address, where there is no pressure, they may go on.
      expect((await send(code, { by: guessers[1]!, address: freshAddress() })).status).toBe(200);
    });

    it('is used up by guesses from that address alone', async () => {
      const address = freshAddress();
      const by = freshCustomer();
      await guessTimes(3, { by, address: freshAddress() });
      await exhaust(freshAddress());
      expectProblem(await guess({ by, address }), 404, 'TICKET_NOT_FOUND');
    });

    it('answers few of a hundred guesses made at once by fresh accounts', async () => {
      const address = freshAddress();
      await exhaust(address);
      const guessers = [freshCustomer(), freshCustomer(), freshCustomer()];
      const answers = await Promise.all(
        Array.from({ length: 90 }, (_, n) =>
          guess({ by: guessers[n % 3]!, address, at: n % 2 === 0 ? test : replica }),
        ),
      );
      expect(tally(answers)).toEqual({ '404 TICKET_NOT_FOUND': 3 * BUDGET.underPressure, '429 TOO_MANY_ATTEMPTS': 84 });
    });
  });

  describe('of the whole contest', () => {
    it('makes guessers from everywhere get along with less, and leaves everybody else alone', async () => {
      const guessers: SessionBody[] = [];
      for (let n = 0; n < 8; n++) {
        const by = freshCustomer();
        guessers.push(by);
        await guessTimes(4, { by, address: freshAddress() });
      }
      const code = freshCode();
      for (const by of guessers.slice(0, 4)) {
        expectRefused(await guess({ by, address: freshAddress() }));
        expectRefused(await send(code, { by, address: freshAddress() }));
      }
      expect(await isUnplayed(code)).toBe(true);
      const honest = freshCustomer();
      expectProblem(await guess({ by: honest, address: freshAddress() }), 404, 'TICKET_NOT_FOUND');
      expect((await send(code, { by: honest, address: freshAddress() })).status).toBe(200);
      await endBlocks();
      expect((await send(freshCode(), { by: guessers[0]!, address: freshAddress() })).status).toBe(200);
    });
  });

  describe('in the log', () => {
    it('a used-up budget is one warning, with counts and without codes', async () => {
      const before = warnings().length;
      const address = freshAddress();
      const guessers = [freshCustomer(), freshCustomer(), freshCustomer()];
      for (const by of guessers) await guessTimes(6, { by, address });
      // The third account is held to the smaller budget, the address's being used up.
      const news = await eventually(() => warnings().slice(before), 3);
      expect(news.map(({ scope }) => scope).sort()).toEqual(['account', 'account', 'address']);
      for (const line of news) {
        const limit = line['scope'] === 'account' ? BUDGET.account : BUDGET.address;
        expect(line).toMatchObject({ failures: limit + 1, windowSeconds: 900, contestId: contest.id, address });
        expect(Number(line['accounts'])).toBeGreaterThanOrEqual(1);
        expect(Number(line['addresses'])).toBe(1);
      }
      expect(news.find(({ scope }) => scope === 'address')).toMatchObject({ accounts: 3, addresses: 1 });
    });

    it('nothing warns of ordinary mistakes', async () => {
      const before = warnings().length;
      await guessTimes(5, { by: freshCustomer() });
      await guessTimes(5, { by: freshCustomer() });
      await sleep(50);
      expect(warnings()).toHaveLength(before);
    });

    it('nowhere stands a code, an e-mail address, a password or a token', async () => {
      const tokens = everyone.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]);
      expect(typed.length).toBeGreaterThan(300);
      expect(await secretsInLog([test, replica], [...typed, ...tokens])).toEqual([]);
      const lines = [...test.logLines(), ...replica.logLines()];
      expect(lines.filter(({ level, status }) => level === 'error' || Number(status) >= 500)).toEqual([]);
    });
  });

  /** A code that is still unplayed, without taking it from the heap. */
  function freshCodeOf(place: number): string {
    return codes[place]!;
  }
});

/** Waits until there are that many; warnings are counted and written behind the answer's back. */
async function eventually<T>(list: () => T[], count: number): Promise<T[]> {
  const deadline = Date.now() + 5000;
  while (list().length < count && Date.now() < deadline) await sleep(20);
  return list();
}
