import { randomUUID } from 'node:crypto';
import { ApiClient } from '../support/api-client';
import {
  createContest,
  PASSWORD,
  type ProblemBody,
  registerCustomer,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { sendRaw } from '../support/raw-http';
import { startTestApp, type TestApp } from '../support/test-app';
import { MetricsService } from '../../apps/api/src/metrics/metrics.service';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const SHOP = 'https://shop.example';

describe('Over HTTP', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp({ config: { corsOrigins: [SHOP, 'http://localhost:5173'] } });
  });
  afterAll(async () => {
    await test.stop();
  });

  const get = (path: string, headers: Record<string, string> = {}) => test.client.get(path, undefined, headers);

  describe('a request has an id', () => {
    it('of its client’s, where it is fit for a log', async () => {
      for (const id of ['abcd1234', 'A_b-3'.repeat(5), randomUUID(), 'x'.repeat(64)]) {
        expect((await get('/health/live', { 'x-request-id': id })).headers.get('x-request-id')).toBe(id);
      }
    });

    it('of its own otherwise', async () => {
      const ids = ['', 'short', 'x'.repeat(65), 'with space 1234', 'semi;colon;1234', '{"level":"error"}', 'ééééééééé'];
      const answers: (string | null)[] = [];
      for (const id of ids)
        answers.push((await get('/health/live', { 'x-request-id': id })).headers.get('x-request-id'));
      answers.push((await get('/health/live')).headers.get('x-request-id'));
      for (const answer of answers) expect(answer).toMatch(UUID);
      expect(new Set(answers).size).toBe(answers.length);
    });
  });

  describe('a request leaves one line in the log', () => {
    async function linesOf(
      ask: (headers: Record<string, string>) => Promise<unknown>,
    ): Promise<Record<string, unknown>[]> {
      const requestId = randomUUID();
      await ask({ 'x-request-id': requestId });
      return test.logLines().filter((line) => line.requestId === requestId);
    }

    it.each([
      ['GET', '/health/live?token=abc', '/health/live', 200],
      ['GET', '/v1/claims/7KQ2M9XHPA?search=camille@example.fr', '/v1/claims/:code', 401],
      ['POST', '/v1/claims/7KQ2M9XHPA/undo', '/v1/claims/:code/undo', 401],
      ['GET', '/secret-campaign/7KQ2M9XHPA', 'unknown', 404],
      ['GET', '/v1/claims/%ZZ7KQ2M9XHPA', 'unknown', 404],
      ['OPTIONS', '/v1/contest', '*', 204],
      ['GET', '/docs/swagger-ui.css', '/docs/*', 200],
    ])('%s %s with the route’s pattern, never the address', async (method, path, route, status) => {
      const lines = await linesOf((headers) => test.client.request(method, path, { headers }));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ level: 'info', msg: 'request', method, route, status });
      const { level, time, requestId, msg, durationMs, ...rest } = lines[0]!;
      expect([level, msg, typeof requestId]).toEqual(['info', 'request', 'string']);
      expect(new Date(String(time)).toISOString()).toBe(time);
      if (route !== 'unknown' || !path.includes('%')) expect(durationMs).toEqual(expect.any(Number));
      expect(rest).toEqual({ method, route, status });
      expect(JSON.stringify(lines)).not.toMatch(/7KQ2M9XHPA|camille|abc/);
    });

    it('with no secret in it, nor in any other, along a whole journey', async () => {
      const contest = await createContest(test, { tickets: 20 });
      const [code = '', other = ''] = await unplayedCodes(test, contest, 2);
      const email = 'a.very.private.person@example.fr';
      const customer = await registerCustomer(test, { email });
      const { client } = test;
      const wrong = 'some-wrong-password';
      await client.post('/v1/auth/login', { email, password: wrong });
      const session = (await client.post<typeof customer>('/v1/auth/login', { email, password: PASSWORD })).body;
      const renewed = (await client.post<typeof customer>('/v1/auth/refresh', { refreshToken: session.refreshToken }))
        .body;
      await client.post('/v1/auth/refresh', { refreshToken: session.refreshToken });
      await client.post('/v1/tickets/play', { code }, customer.accessToken, { 'idempotency-key': 'my-private-key' });
      await client.post('/v1/tickets/play', { code: `${other}9` }, customer.accessToken);
      const employee = await signInAs(test, 'employee');
      await client.get(`/v1/claims?search=${encodeURIComponent(email)}`, employee.accessToken);
      await client.get(`/v1/claims/${code}`, employee.accessToken);
      await client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);

      const log = test.logLines();
      expect(log.filter(({ msg }) => msg === 'request').length).toBeGreaterThan(10);
      expect(log.filter(({ level }) => level === 'error')).toEqual([]);
      const secrets = [email, PASSWORD, wrong, code, other, 'my-private-key', employee.user.email];
      const tokens = [customer, session, renewed, employee].flatMap((pair) => [pair.accessToken, pair.refreshToken]);
      for (const secret of [...secrets, ...tokens]) expect(JSON.stringify(log)).not.toContain(secret);
    });
  });

  describe('every answer carries the security headers', () => {
    const EXPECTED = {
      'content-security-policy': expect.stringContaining("default-src 'none'") as string,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    };

    it.each(['/health', '/v1/contest', '/v1/users/me', '/nothing', '/docs', '/openapi.json'])('%s', async (path) => {
      const { headers } = await get(path);
      expect(Object.fromEntries(headers)).toMatchObject(EXPECTED);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.has('strict-transport-security')).toBe(false);
      expect(headers.has('x-powered-by')).toBe(false);
      expect(headers.has('server')).toBe(false);
    });

    it('and asks for HTTPS in production', async () => {
      const production = await test.replica({ environment: 'production' });
      const { headers } = await production.client.get('/health');
      expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{8,}/);
      expect(headers.get('content-security-policy')).toContain('upgrade-insecure-requests');
    });

    it('and is not kept by caches', async () => {
      for (const path of ['/health', '/health/live', '/health/ready', '/v1/contest', '/v1/users/me', '/nothing']) {
        expect((await get(path)).headers.get('cache-control')).toBe('no-store');
      }
    });
  });

  describe('browsers of other origins', () => {
    const allowed = (headers: Headers) => headers.get('access-control-allow-origin');

    it('are let in from the list, and told apart by caches', async () => {
      for (const origin of [SHOP, 'http://localhost:5173']) {
        const { headers } = await get('/v1/contest', { origin });
        expect(allowed(headers)).toBe(origin);
        expect(headers.get('vary')).toContain('Origin');
        expect(headers.get('access-control-expose-headers')).toContain('X-Request-Id');
        expect(headers.has('access-control-allow-credentials')).toBe(false);
      }
    });

    it.each([
      'https://evil.example',
      'http://shop.example',
      'https://shop.example:8443',
      'https://shop.example.evil.example',
      'https://sub.shop.example',
      'null',
    ])('are not let in from elsewhere: %s', async (origin) => {
      expect(allowed((await get('/v1/contest', { origin })).headers)).toBeNull();
      const preflight = await test.client.request('OPTIONS', '/v1/tickets/play', {
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(allowed(preflight.headers)).toBeNull();
    });

    it('may ask before they send', async () => {
      const { status, headers, body } = await test.client.request('OPTIONS', '/v1/tickets/play', {
        headers: {
          origin: SHOP,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,idempotency-key',
        },
      });
      expect([status, body, allowed(headers)]).toEqual([204, '', SHOP]);
      const methods = headers.get('access-control-allow-methods')?.split(', ');
      expect(methods).toEqual(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
      const names = headers.get('access-control-allow-headers')?.toLowerCase();
      for (const name of ['authorization', 'content-type', 'idempotency-key']) expect(names).toContain(name);
      expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
    });

    it('read errors as well, with their Retry-After', async () => {
      const { headers, status } = await get('/v1/users/me', { origin: SHOP });
      expect([status, allowed(headers)]).toEqual([401, SHOP]);
      expect(headers.get('access-control-expose-headers')).toContain('Retry-After');
    });

    it('have no place where the list is empty', async () => {
      const closed = await test.replica({ corsOrigins: [] });
      for (const origin of [SHOP, closed.client.url]) {
        expect(allowed((await closed.client.get('/v1/contest', undefined, { origin })).headers)).toBeNull();
      }
    });
  });

  describe('metrics', () => {
    let metrics: ApiClient;

    beforeAll(async () => {
      const port = await test.app.get(MetricsService).listen('127.0.0.1', 0);
      metrics = new ApiClient(`http://127.0.0.1:${String(port)}`);
    });

    it('are Prometheus text on a port of their own', async () => {
      await get('/v1/claims/7KQ2M9XHPA');
      await get('/nothing/at/all');
      const { status, headers, body } = await metrics.get<string>('/metrics');
      expect(status).toBe(200);
      expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(body).toMatch(/^# TYPE http_request_duration_seconds histogram$/m);
      expect(body).toMatch(/_count\{method="GET",route="\/v1\/claims\/:code",status="401"\} [1-9]/);
      expect(body).toMatch(/_count\{method="GET",route="unknown",status="404"\} [1-9]/);
      expect(body).toMatch(/^database_connections\{state="total"\} \d+$/m);
      expect(body).toMatch(/^process_cpu_seconds_total [\d.]+$/m);
      expect(body).not.toMatch(/7KQ2M9XHPA|nothing/);
    });

    it('and nothing else is there', async () => {
      for (const path of ['/', '/health', '/v1/contest', '/metrics/x', '/metricsx']) {
        expect((await metrics.get(path)).status).toBe(404);
      }
      expect((await metrics.post('/metrics', {})).status).toBe(404);
    });

    it('are not reached through the public port', async () => {
      const answer = await test.client.get<ProblemBody>('/metrics');
      expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    });
  });

  describe('the document and its pages', () => {
    it('are served, the pages with all that they load', async () => {
      const page = await test.client.get<string>('/docs');
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toMatch(/^text\/html/);
      const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset]) => asset ?? '');
      expect(assets.length).toBeGreaterThan(3);
      for (const asset of assets) {
        // The page stands at /docs and refers to ./docs/…
        const { status } = await get(new URL(asset, `${test.client.url}/docs`).pathname);
        expect([asset, status]).toEqual([asset, 200]);
      }
      // Nothing that the content security policy would keep from running.
      const scripts = [...page.body.matchAll(/<script([^>]*)>([^<]*)</g)];
      expect(scripts.length).toBeGreaterThan(1);
      expect(scripts.every(([, attributes, text]) => / src="\.\//.test(attributes ?? '') && text?.trim() === '')).toBe(
        true,
      );
      const document = await get('/openapi.json');
      expect(document.headers.get('content-type')).toMatch(/^application\/json/);
    });
  });
});

describe('A request that does not end', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp({ config: { requestTimeoutMs: 1200 } });
  });
  afterAll(async () => {
    await test.stop();
  });

  it('is ended by a problem, be it in its body or in its headers', async () => {
    const body = 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"em';
    const answers = await Promise.all([
      sendRaw(test.client.url, `POST /v1/auth/login HTTP/1.1\r\nHost: x\r\n${body}`),
      sendRaw(test.client.url, 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: '),
    ]);
    for (const answer of answers) {
      expect(answer.statusLine).toBe('HTTP/1.1 408 Request Timeout');
      expect(answer.headers.connection).toBe('close');
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'REQUEST_TIMEOUT', status: 408 });
    }
    expect((await test.client.get('/health')).status).toBe(200);
  });
});
