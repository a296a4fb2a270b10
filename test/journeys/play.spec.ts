import { randomUUID } from 'node:crypto';
import type { Contest } from '@tiptop/game';
import {
  createContest,
  type ProblemBody,
  registerCustomer,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { deckFacts } from '../support/deck-facts';
import { secretsInLog } from '../support/log-scan';
import { play, type PlayBody, unknownCodes } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { queriesDuring } from '../support/query-spy';
import { startTestApp, type TestApp } from '../support/test-app';

describe('POST /v1/tickets/play', () => {
  let test: TestApp;
  let contest: Contest;
  let customer: SessionBody;
  let codes: string[];

  beforeAll(async () => {
    test = await startTestApp();
    contest = await createContest(test, { tickets: 60 });
    codes = await unplayedCodes(test, contest, 60);
    customer = await registerCustomer(test);
  });
  afterAll(async () => {
    await test.stop();
  });

  const freshCode = (): string => {
    const code = codes.pop();
    if (code === undefined) throw new Error('No fresh code is left');
    return code;
  };
  async function isUnplayed(code: string): Promise<boolean> {
    const [row] = await test.database.query<{ status: string }[]>('SELECT status FROM tickets WHERE code = $1', [code]);
    return row?.status === 'unclaimed';
  }

  describe('a right code', () => {
    it('wins one of the contest’s prizes, to be fetched until the end of claims', async () => {
      const code = freshCode();
      const before = Date.now();
      const answer = await play(test, code, customer);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      const { ticket, prize } = answer.body;
      expect(Object.keys(answer.body).sort()).toEqual(['prize', 'ticket']);
      expect(ticket).toEqual({
        code,
        status: 'pending',
        playedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        claimEndsAt: contest.claimEndsAt.toISOString(),
      });
      expect(new Date(ticket.playedAt).getTime()).toBeGreaterThanOrEqual(before);
      expect(new Date(ticket.playedAt).getTime()).toBeLessThanOrEqual(Date.now());
      const { body } = await test.client.get<{ prizes: Record<string, unknown>[] }>('/v1/contest');
      const announced = body.prizes.find(({ id }) => id === prize.id);
      expect(prize).toEqual({
        id: announced?.['id'],
        name: announced?.['name'],
        description: announced?.['description'],
        valueCents: announced?.['valueCents'],
        currency: 'EUR',
      });
    });

    it('is taken in lower case, with spaces and with hyphens, and shown in upper case', async () => {
      const styles = [
        (code: string) => code.toLowerCase(),
        (code: string) => `${code.slice(0, 5)}-${code.slice(5)}`,
        (code: string) => ` ${code.slice(0, 2)} ${code.slice(2, 6)}\t${code.slice(6)} `,
        (code: string) => Array.from(code.toLowerCase()).join(' - '),
        (code: string) => `${code.slice(0, 4)}\u2013${code.slice(4)}\u00A0`,
      ];
      for (const style of styles) {
        const code = freshCode();
        const answer = await play(test, style(code), customer);
        expect(answer.status).toBe(200);
        expect(answer.body.ticket.code).toBe(code);
      }
    });

    it('is won once: not again by somebody else, nor by the winner', async () => {
      const code = freshCode();
      expect((await play(test, code, customer)).status).toBe(200);
      for (const player of [await registerCustomer(test), customer]) {
        expectProblem(await play(test, code, player), 409, 'TICKET_ALREADY_PLAYED');
        expectProblem(await play(test, code.toLowerCase(), player), 409, 'TICKET_ALREADY_PLAYED');
      }
    });

    it('may be one of many that one customer plays', async () => {
      const player = await registerCustomer(test);
      for (let n = 0; n < 5; n++) expect((await play(test, freshCode(), player)).status).toBe(200);
    });
  });

  describe('who plays', () => {
    it.each(['employee', 'admin'] as const)('no %s does, and learns nothing of the code', async (role) => {
      const staff = await signInAs(test, role);
      const code = freshCode();
      for (const typed of [code, unknownCodes(1)[0], 'not a code']) {
        expectProblem(await play(test, typed, staff), 403, 'STAFF_EXCLUDED');
      }
      expect(await isUnplayed(code)).toBe(true);
    });

    it('nobody does without signing in', async () => {
      const code = freshCode();
      const answer = await test.client.post('/v1/tickets/play', { code });
      expectProblem(answer, 401, 'UNAUTHENTICATED');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expectProblem(await play(test, code, { accessToken: 'nonsense' }), 401, 'UNAUTHENTICATED');
      expect(await isUnplayed(code)).toBe(true);
    });

    it('an archived account does not, from its next request on', async () => {
      const player = await registerCustomer(test);
      const [first, second] = [freshCode(), freshCode()];
      expect((await play(test, first, player)).status).toBe(200);
      await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [player.user.id]);
      expectProblem(await play(test, second, player), 403, 'ACCOUNT_ARCHIVED');
      expect(await isUnplayed(second)).toBe(true);
    });
  });

  describe('a wrong code', () => {
    it('is malformed where it has not ten characters of the alphabet', async () => {
      const code = freshCode();
      for (const typed of ['', ' ', code.slice(0, 9), `${code}2`, `${code.slice(0, 9)}0`, '0O1ILU0O1I', 'éèàùçôîâêü']) {
        expectProblem(await play(test, typed, customer), 400, 'INVALID_CODE_FORMAT');
      }
    });

    it('is malformed with any single wrong character, and then the database is not asked for a ticket', async () => {
      const code = freshCode();
      const misspelt = Array.from(code).map((character, place) => {
        const other = character === '7' ? '8' : '7';
        return code.slice(0, place) + other + code.slice(place + 1);
      });
      for (const typed of [...misspelt, 'ABC', '222222222\u0000', 'Ω'.repeat(10)]) {
        const queries = await queriesDuring(async () => {
          expectProblem(await play(test, typed, customer), 400, 'INVALID_CODE_FORMAT');
        });
        // The guard looks the account up at each request: the spy does see what is asked.
        expect(queries.filter((sql) => /\bsessions\b/.test(sql))).toHaveLength(1);
        expect(queries.filter((sql) => /tickets|attempt_budgets|claim|INSERT|UPDATE/i.test(sql))).toEqual([]);
      }
      expect(await isUnplayed(code)).toBe(true);
    });

    it('is unknown where it is well-formed and on no ticket', async () => {
      for (const typed of unknownCodes(3)) expectProblem(await play(test, typed, customer), 404, 'TICKET_NOT_FOUND');
    });
  });

  describe('a malformed request', () => {
    const send = (body: unknown, headers: Record<string, string> = {}): ReturnType<TestApp['client']['post']> =>
      test.client.post('/v1/tickets/play', body, customer.accessToken, headers);

    it.each([
      ['no code', {}, 'doit être un texte'],
      ['a number', { code: 1234567890 }, 'doit être un texte'],
      ['null', { code: null }, 'doit être un texte'],
      ['true', { code: true }, 'doit être un texte'],
      ['a list', { code: ['7KQ2M9XHPZ'] }, 'doit être un texte'],
      ['an object', { code: { $ne: '' } }, 'doit être un texte'],
      ['a text beyond all measure', { code: '2'.repeat(101) }, 'est trop long'],
    ])('is refused with the field’s path and its fault: %s', async (_, body, message) => {
      expect(expectInvalid(await send(body), 'code').errors).toEqual([{ path: 'code', message }]);
    });

    it('is refused for fields it should not have, each by its path', async () => {
      const code = freshCode();
      expectInvalid(await send({ code, prizeId: 'x' }), 'prizeId');
      expectInvalid(await send({ code, playerId: 'x', status: 'claimed' }), 'playerId', 'status');
      expectInvalid(await send({ code: 5, extra: 1 }), 'code', 'extra');
      expectInvalid(await send(`{"code":"${code}","__proto__":{"role":"admin"}}`), '');
      expect(await isUnplayed(code)).toBe(true);
    });

    it.each([
      ['broken JSON', '{"code":'],
      ['no JSON at all', 'code=7KQ2M9XHPZ'],
      ['nothing', ''],
      ['an empty list', '[]'],
      ['a text', '"7KQ2M9XHPZ"'],
      ['null', 'null'],
    ])('is refused where the body is no object: %s', async (_, body) => {
      const problem = expectProblem(await send(body), 400, 'VALIDATION_FAILED');
      expect(problem.errors).toHaveLength(1);
    });

    it('is refused in another format, and beyond 16 KiB', async () => {
      expectProblem(await send('code=A', { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE');
      expectProblem(await send({ code: 'A'.repeat(17_000) }), 413, 'PAYLOAD_TOO_LARGE');
    });
  });

  describe('with an Idempotency-Key', () => {
    const keyed = (key: string): Record<string, string> => ({ 'idempotency-key': key });

    it('gives the same answer again, for ever and to the same customer only', async () => {
      const code = freshCode();
      const key = randomUUID();
      const first = await play(test, code, customer, keyed(key));
      expect(first.status).toBe(200);
      for (const typed of [code, code.toLowerCase()]) {
        const again = await play(test, typed, customer, keyed(key));
        expect(again.status).toBe(200);
        expect(again.body).toEqual(first.body);
      }
      const employee = await signInAs(test, 'employee');
      await test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
      expect((await play(test, code, customer, keyed(key))).body).toEqual(first.body);
      const stranger = await registerCustomer(test);
      expectProblem(await play(test, code, stranger, keyed(key)), 409, 'TICKET_ALREADY_PLAYED');
    });

    it('refuses the key of another play, and lets the ticket be played under its own', async () => {
      const [first, second] = [freshCode(), freshCode()];
      const key = randomUUID();
      const won = await play(test, first, customer, keyed(key));
      const { drawn } = await deckFacts(test, contest);
      expectProblem(await play(test, second, customer, keyed(key)), 409, 'IDEMPOTENCY_KEY_REUSED');
      expect(await isUnplayed(second)).toBe(true);
      expect((await deckFacts(test, contest)).drawn).toBe(drawn);
      expect((await play(test, first, customer, keyed(key))).body).toEqual(won.body);
      expect((await play(test, second, customer, keyed(randomUUID()))).status).toBe(200);
    });

    it('does not take a play without a key, or under another, for its own', async () => {
      const [plain, underOne] = [freshCode(), freshCode()];
      await play(test, plain, customer);
      expectProblem(await play(test, plain, customer, keyed(randomUUID())), 409, 'TICKET_ALREADY_PLAYED');
      await play(test, underOne, customer, keyed(randomUUID()));
      expectProblem(await play(test, underOne, customer, keyed(randomUUID())), 409, 'TICKET_ALREADY_PLAYED');
      expectProblem(await play(test, underOne, customer), 409, 'TICKET_ALREADY_PLAYED');
    });

    it('may use the key again after a play that did not win', async () => {
      const key = randomUUID();
      expectProblem(await play(test, unknownCodes(1)[0], customer, keyed(key)), 404, 'TICKET_NOT_FOUND');
      expect((await play(test, freshCode(), customer, keyed(key))).status).toBe(200);
    });

    it('has 1 to 255 visible characters', async () => {
      const code = freshCode();
      for (const key of ['', 'two words', 'x'.repeat(256), 'clé']) {
        expectInvalid(await play(test, code, customer, keyed(key)), 'Idempotency-Key');
      }
      expect(await isUnplayed(code)).toBe(true);
      expect((await play(test, code, customer, keyed('~'.repeat(255)))).status).toBe(200);
    });
  });

  it('explains itself in French, and in English to whoever asks for it', async () => {
    const [played, other] = [freshCode(), freshCode()];
    const employee = await signInAs(test, 'employee');
    await play(test, played, customer, { 'idempotency-key': 'taken' });
    const cases: [string, string, SessionBody, Record<string, string>, RegExp, RegExp][] = [
      ['INVALID_CODE_FORMAT', 'ABC', customer, {}, /faute de frappe/, /typing error/],
      ['TICKET_NOT_FOUND', unknownCodes(1)[0]!, customer, {}, /Aucun ticket/, /No ticket/],
      ['TICKET_ALREADY_PLAYED', played, customer, {}, /déjà été joué/, /already been played/],
      ['IDEMPOTENCY_KEY_REUSED', other, customer, { 'idempotency-key': 'taken' }, /autre ticket/, /another ticket/],
      ['STAFF_EXCLUDED', other, employee, {}, /personnel/, /Staff/],
      ['VALIDATION_FAILED', 'x'.repeat(101), customer, {}, /mal formées/, /malformed/],
    ];
    for (const [code, typed, player, headers, french, english] of cases) {
      const say = async (language?: string): Promise<ProblemBody> => {
        const accept: Record<string, string> = language === undefined ? {} : { 'accept-language': language };
        const answer = await play(test, typed, player, { ...headers, ...accept });
        return expectProblem(answer, answer.status, code);
      };
      for (const language of ['fr-FR,fr;q=0.9,en;q=0.5', 'de', '*'])
        expect((await say(language)).detail).toMatch(french);
      for (const language of ['en', 'en-GB,en;q=0.9', 'fr;q=0.3,en;q=0.8']) {
        expect((await say(language)).detail).toMatch(english);
      }
      const [inFrench, inEnglish] = [await say('fr'), await say('en')];
      expect(inFrench.title).not.toBe(inEnglish.title);
      if (code === 'VALIDATION_FAILED') {
        expect(inFrench.errors).toEqual([{ path: 'code', message: 'est trop long' }]);
        expect(inEnglish.errors).toEqual([{ path: 'code', message: 'is too long' }]);
      }
    }
  });

  it('answers under the request id that the client chose', async () => {
    const requestId = `trace-${randomUUID()}`;
    const answer = await play(test, 'ABC', customer, { 'x-request-id': requestId });
    expect(expectProblem(answer, 400, 'INVALID_CODE_FORMAT').requestId).toBe(requestId);
    const line = test.logLines().find((one) => one['requestId'] === requestId);
    expect(line).toMatchObject({ level: 'info', method: 'POST', route: '/v1/tickets/play', status: 400 });
  });

  it('leaves no code, e-mail address, password or token in the log', async () => {
    const body: Partial<PlayBody> = (await play(test, freshCode(), customer)).body;
    expect(body.ticket?.status).toBe('pending');
    expect(await secretsInLog([test], [customer.accessToken, customer.refreshToken])).toEqual([]);
  });

  describe('where the operator lets staff play', () => {
    let lenient: TestApp;

    beforeAll(async () => {
      lenient = await test.replica({ staffMayPlay: true });
    });

    it.each(['employee', 'admin'] as const)('an %s wins like everybody', async (role) => {
      const answer = await play(lenient, freshCode(), await signInAs(lenient, role));
      expect(answer.status).toBe(200);
    });
  });
});
