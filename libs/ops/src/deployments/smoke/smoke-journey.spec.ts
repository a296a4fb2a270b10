import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServiceClient, UnexpectedAnswer } from './service-client';
import { SmokeFailure } from './smoke-failure';
import { SmokeJourney } from './smoke-journey';
import type { SmokeCast } from './smoke-stage';

const CODE = '7KQ2M9XHPA';
const CAST: SmokeCast = {
  customer: { email: 'customer-1@smoke.invalid', password: 'pw-of-the-customer' },
  employee: { email: 'employee-1@smoke.invalid', password: 'pw-of-the-employee' },
  code: CODE,
};
const STEPS = [
  'address',
  'health',
  'login-customer',
  'play',
  'my-tickets',
  'login-employee',
  'find-ticket',
  'claim',
  'claimed',
  'my-claimed-ticket',
  'play-again',
  'logout',
];

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A service that answers as ours does, as far as the journey goes, unless it is told otherwise. */
class StandIn {
  readonly requests: string[] = [];
  private server: Server;
  private status = 'unclaimed';
  private readonly signedIn = new Set<string>();
  /** Takes the place of an answer, from the given repetition of its request on. */
  alter: (request: string, times: number, answer: Answer) => Answer | 'hang' | 'drop' = (_request, _times, answer) =>
    answer;

  async open(): Promise<string> {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = Buffer.concat((await request.toArray()) as Buffer[]).toString();
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, string>;
    const what = `${request.method ?? ''} ${(request.url ?? '').split('?')[0]?.replace(CODE, ':code') ?? ''}`;
    this.requests.push(what);
    const times = this.requests.filter((earlier) => earlier === what).length;
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const altered = this.alter(what, times, this.usual(what, body, token));
    if (altered === 'hang') return;
    if (altered === 'drop') {
      response.destroy();
      return;
    }
    response.writeHead(altered.status, { 'content-type': 'application/json', ...altered.headers });
    response.end(altered.body === undefined ? undefined : JSON.stringify(altered.body));
  }

  private usual(what: string, body: Record<string, string>, token: string): Answer {
    const prize = { id: 'the-prize', name: 'Infuseur' };
    const ticket = (): object => ({
      code: CODE,
      status: this.status,
      playedAt: '2026-11-23T05:00:00.000Z',
      claimedAt: this.status === 'claimed' ? '2026-11-23T05:00:01.000Z' : null,
      claimedBy: this.status === 'claimed' ? { id: 'id-employee' } : null,
    });
    const ok = (value: object): Answer => ({ status: 200, body: value });
    switch (what) {
      case 'GET /health':
        return ok({ status: 'ok' });
      case 'POST /v1/auth/login': {
        const role = (body['email'] ?? '').split('-')[0] ?? '';
        this.signedIn.add(role);
        return ok({ user: { id: `id-${role}`, role }, accessToken: role, refreshToken: `refresh-${role}` });
      }
      case 'POST /v1/tickets/play':
        if (this.status !== 'unclaimed') return { status: 409, body: { code: 'TICKET_ALREADY_PLAYED' } };
        this.status = 'pending';
        return ok({ ticket: ticket(), prize });
      case 'GET /v1/users/me/tickets':
      case 'GET /v1/claims':
        return ok({ items: [{ ...ticket(), prize }], nextCursor: null });
      case 'GET /v1/claims/:code':
        return ok({ ticket: ticket(), prize });
      case 'POST /v1/claims/:code/validate':
        this.status = 'claimed';
        return ok({ ticket: ticket(), prize });
      case 'POST /v1/auth/logout':
        this.signedIn.delete((body['refreshToken'] ?? '').replace('refresh-', ''));
        return { status: 204 };
      case 'GET /v1/users/me':
        return this.signedIn.has(token) ? ok({}) : { status: 401, body: { code: 'UNAUTHENTICATED' } };
      default:
        return { status: 404, body: { code: 'NOT_FOUND' } };
    }
  }
}

describe('A smoke journey', () => {
  let service: StandIn;
  let baseUrl: string;
  const underway = { signal: new AbortController().signal, progress: () => undefined };

  beforeEach(async () => {
    service = new StandIn();
    baseUrl = await service.open();
  });
  afterEach(() => service.close());

  async function failure(): Promise<SmokeFailure> {
    const error: unknown = await new SmokeJourney()
      .run({ baseUrl, cast: CAST }, underway)
      .catch((reason: unknown) => reason);
    if (!(error instanceof SmokeFailure)) throw new Error('The journey did not fail as it should', { cause: error });
    const told = JSON.stringify([error.message, error.steps]) + String(error.stack);
    for (const secret of [CODE, CAST.customer.password, CAST.employee.password, 'smoke.invalid', 'refresh-']) {
      expect(told).not.toContain(secret);
    }
    expect(error.steps.slice(0, -1).every(({ status }) => status === 'passed')).toBe(true);
    expect(error.steps.at(-1)).toMatchObject({ name: error.step, status: 'failed' });
    expect(error.steps.map(({ name }) => name)).toEqual(STEPS.slice(0, error.steps.length));
    return error;
  }

  it('goes all the way, each step timed', async () => {
    const { steps } = await new SmokeJourney().run({ baseUrl, cast: CAST }, underway);
    expect(steps.map(({ name, status }) => [name, status])).toEqual(STEPS.map((name) => [name, 'passed']));
    expect(steps.every(({ ms }) => ms >= 0 && ms < 10_000)).toBe(true);
  });

  it('takes an old backup for no fault of the new version', async () => {
    service.alter = (what, _, answer) =>
      what === 'GET /health' ? { status: 200, body: { status: 'degraded' } } : answer;
    const { steps } = await new SmokeJourney().run({ baseUrl, cast: CAST }, underway);
    expect(steps[1]).toMatchObject({ name: 'health', status: 'passed', detail: 'status degraded' });
  });

  const fault = { status: 500, body: { code: 'INTERNAL_ERROR' } };
  const answer = (body: object): Answer => ({ status: 200, body });
  const ticket = (change: object): object => ({
    ticket: { code: CODE, status: 'claimed', ...change },
    prize: { id: 'the-prize' },
  });

  it.each<[string, string, number, Answer, number | undefined, string | undefined]>([
    ['health', 'GET /health', 1, { status: 503, body: { status: 'error' } }, 503, undefined],
    ['health', 'GET /health', 1, answer({ status: 'error' }), undefined, undefined],
    [
      'login-customer',
      'POST /v1/auth/login',
      1,
      { status: 401, body: { code: 'INVALID_CREDENTIALS' } },
      401,
      'INVALID_CREDENTIALS',
    ],
    ['login-customer', 'POST /v1/auth/login', 1, answer({ user: { id: 'x', role: 'admin' } }), undefined, undefined],
    ['play', 'POST /v1/tickets/play', 1, fault, 500, 'INTERNAL_ERROR'],
    [
      'play',
      'POST /v1/tickets/play',
      1,
      answer({ ticket: { code: CODE, status: 'pending', playedAt: 'now' }, prize: { id: 'p', name: 'P' } }),
      undefined,
      undefined,
    ],
    [
      'play',
      'POST /v1/tickets/play',
      1,
      answer({ ticket: { code: CODE, status: 'pending', playedAt: '2026-11-23T05:00:00Z' }, prize: {} }),
      undefined,
      undefined,
    ],
    [
      'play',
      'POST /v1/tickets/play',
      1,
      answer({ ticket: { code: 'ANOTHER222', status: 'pending' } }),
      undefined,
      undefined,
    ],
    ['my-tickets', 'GET /v1/users/me/tickets', 1, answer({ items: [] }), undefined, undefined],
    [
      'my-tickets',
      'GET /v1/users/me/tickets',
      1,
      answer({ items: [{ code: CODE, status: 'pending', prize: { id: 'another' } }] }),
      undefined,
      undefined,
    ],
    [
      'login-employee',
      'POST /v1/auth/login',
      2,
      { status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } },
      429,
      'TOO_MANY_ATTEMPTS',
    ],
    [
      'find-ticket',
      'GET /v1/claims/:code',
      1,
      { status: 404, body: { code: 'TICKET_NOT_FOUND' } },
      404,
      'TICKET_NOT_FOUND',
    ],
    ['find-ticket', 'GET /v1/claims/:code', 1, answer(ticket({ status: 'claimed' })), undefined, undefined],
    ['find-ticket', 'GET /v1/claims', 1, answer({ items: [] }), undefined, undefined],
    ['claim', 'POST /v1/claims/:code/validate', 1, { status: 403, body: { code: 'SELF_CLAIM' } }, 403, 'SELF_CLAIM'],
    ['claimed', 'GET /v1/claims/:code', 2, answer(ticket({ status: 'pending' })), undefined, undefined],
    ['claimed', 'GET /v1/claims/:code', 2, answer(ticket({ claimedAt: null })), undefined, undefined],
    [
      'claimed',
      'GET /v1/claims/:code',
      2,
      answer(ticket({ claimedAt: '2026-11-23T05:00:00Z', claimedBy: { id: 'x' } })),
      undefined,
      undefined,
    ],
    [
      'my-claimed-ticket',
      'GET /v1/users/me/tickets',
      2,
      answer({ items: [{ code: CODE, status: 'pending' }] }),
      undefined,
      undefined,
    ],
    ['play-again', 'POST /v1/tickets/play', 2, answer({}), 200, undefined],
    ['play-again', 'POST /v1/tickets/play', 2, { status: 409, body: { code: 'CONFLICT' } }, 409, 'CONFLICT'],
    ['logout', 'POST /v1/auth/logout', 2, fault, 500, 'INTERNAL_ERROR'],
    ['logout', 'GET /v1/users/me', 1, answer({}), 200, undefined],
  ])('names the step %s (%s, time %d: %j)', async (step, request, from, altered, status, problem) => {
    service.alter = (what, times, usual) => (what === request && times === from ? altered : usual);
    const found = await failure();
    expect(found).toMatchObject({ step, httpStatus: status, problem, mayPass: false });
    expect(found.message).toContain(`smoke journey, ${step}: `);
    if (status !== undefined) expect(found.message).toContain(String(status));
    if (problem !== undefined) expect(found.message).toContain(problem);
  });

  it('tells nothing of what a strange service answers', async () => {
    const body = { code: `${CAST.customer.password} ${CODE}`, status: CODE };
    service.alter = () => ({ status: 200, body });
    expect(await failure()).toMatchObject({ step: 'health', problem: undefined });
  });

  it('follows no redirect with a password', async () => {
    service.alter = (what, _, usual) =>
      what === 'POST /v1/auth/login' ? { status: 307, headers: { location: `${baseUrl}/elsewhere` } } : usual;
    expect(await failure()).toMatchObject({ step: 'login-customer', httpStatus: 307 });
    expect(service.requests).not.toContain('POST /elsewhere');
  });

  it('names the step at which the connection breaks, or nobody listens', async () => {
    service.alter = (what, _, usual) => (what === 'POST /v1/tickets/play' ? 'drop' : usual);
    expect(await failure()).toMatchObject({ step: 'play', httpStatus: undefined });
    await service.close();
    expect(await failure()).toMatchObject({ step: 'health' });
    service = new StandIn();
    baseUrl = await service.open();
  });

  it('ends at once where it is interrupted, with the reason for that', async () => {
    const interruption = new AbortController();
    service.alter = (what, _, usual) => {
      if (what !== 'POST /v1/tickets/play') return usual;
      interruption.abort(new Error('stopped'));
      return 'hang';
    };
    const run = new SmokeJourney().run({ baseUrl, cast: CAST }, { ...underway, signal: interruption.signal });
    await expect(run).rejects.toThrow('stopped');
  });

  it.each(['http://the-tip-top.example', 'ftp://127.0.0.1', 'nonsense'])('sends no password to %s', async (address) => {
    const run = new SmokeJourney().run({ baseUrl: address, cast: CAST }, underway);
    await expect(run).rejects.toMatchObject({
      step: 'address',
      message: expect.stringContaining('https://') as string,
    });
  });

  it('waits for no answer longer than it has time', async () => {
    service.alter = () => 'hang';
    const asked = new ServiceClient(new URL(baseUrl), 50).ask(
      { method: 'GET', path: '/' },
      { status: 200 },
      underway.signal,
    );
    await expect(asked).rejects.toThrow(new UnexpectedAnswer('no answer in 0.05 s'));
  });

  it('reads no answer without end', async () => {
    service.alter = () => ({ status: 200, body: 'x'.repeat(1_100_000) });
    const asked = new ServiceClient(new URL(baseUrl)).ask(
      { method: 'GET', path: '/' },
      { status: 200 },
      underway.signal,
    );
    await expect(asked).rejects.toThrow('the answer does not end');
  });
});
