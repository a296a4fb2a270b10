import type { AppConfigValues } from '@tiptop/platform';
import { registerCustomer } from '../support/builders';
import { FacebookServer } from '../support/facebook-server';
import { expectProblem } from '../support/problem';
import { facebookConfig, googleConfig } from '../support/social-app';
import { startTestApp, type TestApp } from '../support/test-app';

const ROUTES = {
  google: ['GET /v1/auth/google', 'GET /v1/auth/google/callback', 'POST /v1/auth/google/token'],
  facebook: ['GET /v1/auth/facebook', 'GET /v1/auth/facebook/callback', 'POST /v1/auth/facebook/token'],
  exchange: ['POST /v1/auth/exchange'],
};

async function documented({ client }: TestApp): Promise<string[]> {
  const { body } = await client.get<{ paths: Record<string, object> }>('/openapi.json');
  return Object.entries(body.paths)
    .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`))
    .filter((route) => /google|facebook|exchange/.test(route))
    .sort();
}

async function withApp(config: Partial<AppConfigValues>, work: (test: TestApp) => Promise<void>): Promise<void> {
  const test = await startTestApp({ config });
  try {
    await work(test);
  } finally {
    await test.stop();
  }
}

async function expectAbsent({ client }: TestApp, routes: readonly string[]): Promise<void> {
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    const answer = await client.request(method, path, method === 'POST' ? { body: {} } : {});
    expectProblem(answer, 404, 'NOT_FOUND');
  }
}

describe('A provider that is not configured', () => {
  const google = googleConfig('http://127.0.0.1:9');
  let server: FacebookServer;

  beforeAll(async () => {
    server = await FacebookServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('is absent from the API and its document, and the rest works', async () => {
    await withApp({}, async (test) => {
      expect(await documented(test)).toEqual([]);
      await expectAbsent(test, Object.values(ROUTES).flat());
      const { accessToken } = await registerCustomer(test);
      expect((await test.client.get('/v1/users/me', accessToken)).status).toBe(200);
    });
  });

  it('leaves the other one as it is: Facebook alone', async () => {
    await withApp({ facebook: facebookConfig(server) }, async (test) => {
      expect(await documented(test)).toEqual([...ROUTES.facebook, ...ROUTES.exchange].sort());
      await expectAbsent(test, ROUTES.google);
      const answer = await test.client.post('/v1/auth/facebook/token', { accessToken: server.accessToken() });
      expectProblem(answer, 400, 'PROFILE_INCOMPLETE');
    });
  });

  it('leaves the other one as it is: Google alone, which is not asked before somebody needs it', async () => {
    await withApp({ google }, async (test) => {
      expect(await documented(test)).toEqual([...ROUTES.google, ...ROUTES.exchange].sort());
      await expectAbsent(test, ROUTES.facebook);
      // Nobody listens at this issuer, and the service has started all the same.
      expectProblem(await test.client.get('/v1/auth/google'), 503, 'OAUTH_UNAVAILABLE');
      expectProblem(await test.client.post('/v1/auth/exchange', { code: 'x' }), 400, 'INVALID_TOKEN');
    });
  });
});
