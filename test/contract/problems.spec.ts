import { ContestRegistry } from '@tiptop/game';
import { PROBLEMS } from '../../apps/api/src/http/problem-catalogue';
import { SignInService } from '../../libs/auth/src/sign-in/sign-in.service';
import { type ProblemBody, registerCustomer } from '../support/builders';
import { sendRaw } from '../support/raw-http';
import { startTestApp, type TestApp } from '../support/test-app';

describe('Problems (RFC 9457)', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await test.stop();
  });

  const get = (path: string, headers: Record<string, string> = {}) =>
    test.client.get<ProblemBody>(path, undefined, headers);

  function expectProblem(
    answer: { status: number; body: ProblemBody; headers: Headers },
    code: keyof typeof PROBLEMS,
  ): void {
    const { status, fr } = PROBLEMS[code];
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({ type: `urn:tiptop:problem:${code}`, title: fr.title, status, code });
    expect(Object.keys(answer.body).filter((key) => key !== 'errors')).toEqual([
      'type',
      'title',
      'status',
      'detail',
      'code',
      'requestId',
    ]);
    expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
  }

  it.each(['/', '/nothing', '/v1', '/v2/contest', '/v1/contest/nothing', '/V1/CONTEST', '/.env', '/v1/contest%2f..'])(
    'are what an unknown address answers: %s',
    async (path) => {
      expectProblem(await get(path), 'NOT_FOUND');
    },
  );

  it.each([
    ['DELETE', '/v1/contest'],
    ['PUT', '/v1/auth/login'],
    ['GET', '/v1/auth/login'],
    ['PATCH', '/health'],
  ])('are what a method without a route answers: %s %s', async (method, path) => {
    expectProblem(await test.client.request<ProblemBody>(method, path), 'NOT_FOUND');
  });

  it.each(['/v1/claims/%ZZ', '/%', '/v1/claims/%C3%28', `/v1/claims/${'A'.repeat(101)}`])(
    'are what an address that can’t be read answers: %s',
    async (path) => {
      const answer = await get(path, { 'x-request-id': 'my-own-request-id' });
      expectProblem(answer, 'NOT_FOUND');
      expect(answer.body.requestId).toBe('my-own-request-id');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(JSON.stringify(answer.body)).not.toContain(path);
      expect(test.logLines().at(-1)).toMatchObject({ msg: 'request', requestId: 'my-own-request-id', status: 404 });
    },
  );

  it.each<[string, string, keyof typeof PROBLEMS]>([
    ['no HTTP', 'Good morning!\r\n\r\n', 'VALIDATION_FAILED'],
    ['an unknown method', 'BREW /tea HTTP/1.1\r\nHost: x\r\n\r\n', 'VALIDATION_FAILED'],
    ['a broken header', 'GET /health HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n', 'VALIDATION_FAILED'],
    [
      'two lengths',
      'POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
      'VALIDATION_FAILED',
    ],
    ['too many headers', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'HEADERS_TOO_LARGE'],
  ])('are what the server answers to %s', async (_, text, code) => {
    const { statusLine, headers, body } = await sendRaw(test.client.url, text);
    const { status } = PROBLEMS[code];
    expect(statusLine).toMatch(new RegExp(`^HTTP/1.1 ${String(status)} [A-Z]`));
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8', connection: 'close' });
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body));
    expect(JSON.parse(body)).toMatchObject({ code, status, requestId: headers['x-request-id'] });
  });

  it('are in French, or in the language asked for', async () => {
    const { fr, en } = PROBLEMS.NOT_FOUND;
    const answers: [string, typeof fr][] = [
      ['', fr],
      ['de', fr],
      ['en', en],
      ['fr-FR,fr;q=0.9,en;q=0.8', fr],
      ['en-GB,en;q=0.9,fr;q=0.8', en],
      ['fr;q=0.5, en;q=0.7', en],
      ['de, en;q=0.3', en],
      ['*', fr],
    ];
    for (const [accepted, text] of answers) {
      const { body } = await get('/nothing', accepted === '' ? {} : { 'accept-language': accepted });
      expect([accepted, body.title, body.detail]).toEqual([accepted, text.title, text.detail]);
    }
  });

  it('write their field messages in that language as well', async () => {
    const english = { 'accept-language': 'en' };
    const { body } = await test.client.post<ProblemBody>(
      '/v1/auth/login',
      { email: 'x', extra: 1 },
      undefined,
      english,
    );
    expect(body.errors).toEqual([
      { path: 'extra', message: 'unknown field' },
      { path: 'email', message: 'must be an e-mail address' },
      { path: 'password', message: 'must be a text' },
    ]);
  });

  describe('for a fault of ours', () => {
    const SECRETS = [
      'camille.secret@example.fr',
      'hunter2-in-the-url',
      'eyJhbGciOiJIUzI1NiJ9aaaa.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
      'q83v5qPZ0k7mDq4bK5cGm0m0Wb1x2n3o4p5r6s7t8u9',
      'the-parameter-of-the-query',
    ];

    function fault(): Error {
      const [email = '', password = '', token = '', refresh = '', parameter = ''] = SECRETS;
      const message = `duplicate key: Key (email)=(${email}) at postgres://app:${password}@db/x with Bearer ${token}`;
      return Object.assign(new Error(`${message} after ${refresh} by ${email}`), {
        query: 'INSERT INTO users',
        parameters: [parameter],
        driverError: { detail: parameter },
      });
    }

    it.each([
      ['a read', 'GET', '/v1/contest', undefined],
      ['a write', 'POST', '/v1/auth/login', { email: 'a@example.fr', password: 'x' }],
    ])(
      'tell nothing of the cause; the log does, under the request’s id, without its secrets: %s',
      async (_, method, path, body) => {
        jest.spyOn(test.app.get(ContestRegistry), 'current').mockRejectedValue(fault());
        jest.spyOn(test.app.get(SignInService), 'login').mockRejectedValue(fault());
        const answer = await test.client.request<ProblemBody>(method, path, { body });
        expectProblem(answer, 'INTERNAL_ERROR');
        expect(answer.body.detail).toBe(PROBLEMS.INTERNAL_ERROR.fr.detail);
        expect(answer.body).not.toHaveProperty('errors');

        const ofRequest = test.logLines().filter(({ requestId }) => requestId === answer.body.requestId);
        expect(ofRequest.map(({ level, msg }) => [level, msg])).toEqual([
          ['error', 'An unexpected error'],
          ['warn', 'request'],
        ]);
        const { err } = ofRequest[0] as { err: { type: string; message: string; stack: string } };
        expect(err.type).toBe('Error');
        expect(err.message).toMatch(
          /^duplicate key: Key \(email\)=\(\[redacted\]\) at postgres:\/\/app:\[redacted\]@db/,
        );
        expect(err.stack).toContain('problems.spec.ts');
        for (const secret of SECRETS) expect(JSON.stringify([answer.body, test.logLines()])).not.toContain(secret);
      },
    );

    it.each([
      ['nothing', undefined],
      ['null', null],
      ['a text', 'secret'],
      ['a teapot', { statusCode: 418 }],
    ])('hold for whatever is thrown: %s', async (_, thrown) => {
      jest.spyOn(test.app.get(ContestRegistry), 'current').mockRejectedValue(thrown);
      expectProblem(await get('/v1/contest'), 'INTERNAL_ERROR');
    });

    it.each([
      ['is shutting down', Object.assign(new Error('terminating connection'), { code: '57P01' })],
      ['is not there', Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })],
      ['was lost', new Error('Connection terminated unexpectedly')],
      ['has no connection left', Object.assign(new Error('too many clients already'), { code: '53300' })],
    ])('call it unavailable where the database %s, and say when to come again', async (_, error) => {
      jest.spyOn(test.app.get(ContestRegistry), 'current').mockRejectedValue(error);
      const answer = await get('/v1/contest');
      expectProblem(answer, 'DATABASE_UNAVAILABLE');
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(JSON.stringify(answer.body)).not.toContain(error.message);
    });
  });

  it('answer 503, live and unready, while the pool is gone, and the health call names no cause', async () => {
    const own = await startTestApp();
    try {
      const customer = await registerCustomer(own);
      await own.database.destroy();
      expect(await own.client.get('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
      for (const path of ['/health', '/health/ready']) {
        expect(await own.client.get(path)).toMatchObject({
          status: 503,
          body: { status: 'error', checks: { database: 'down' } },
        });
      }
      const me = await own.client.get<ProblemBody>('/v1/users/me', customer.accessToken);
      expect(me).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } });
      await own.database.initialize();
    } finally {
      await own.stop();
    }
  });
});
