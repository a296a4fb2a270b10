import { Controller, Get, Module, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer, NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Access, type AccessRule, type Role, ROLES } from '@tiptop/auth';
import { createLogger, SystemClock } from '@tiptop/platform';
import { AppModule } from '../../apps/api/src/app.module';
import { ApiClient } from '../support/api-client';
import { type ProblemBody, type SessionBody, signInAs } from '../support/builders';
import { checkTokensApart } from '../support/own-strategy';
import { registeredRoutes } from '../support/registered-routes';
import { startTestApp, type TestApp } from '../support/test-app';
import { UNASKED_PROVIDERS } from '../support/unasked-providers';

/**
 * Every address of the service and who may ask it. A line that is new here is a door that is new in the house: public
 * ones above all are to be seen in a review.
 */
const ROUTES: Readonly<Record<string, AccessRule | 'document'>> = {
  'DELETE /v1/users/me': 'signed-in',
  'DELETE /v1/users/me/second-factor': 'signed-in',
  'DELETE /v1/users/me/sessions/:id': 'signed-in',
  'GET /docs': 'document',
  'GET /docs/': 'document',
  'GET /docs/*': 'document',
  'GET /docs/LICENSE': 'document',
  'GET /docs/docs/swagger-ui-init.js': 'document',
  'GET /docs/index.html': 'document',
  'GET /docs/swagger-ui-init.js': 'document',
  'GET /health': 'public',
  'GET /health/live': 'public',
  'GET /health/ready': 'public',
  'GET /openapi.json': 'document',
  'GET /v1/admin/audit': ['admin'],
  'GET /v1/admin/contests': ['admin'],
  'GET /v1/admin/contests/:id': ['admin'],
  'GET /v1/admin/contests/:id/codes': ['admin'],
  'GET /v1/admin/contests/:id/print-runs': ['admin'],
  'GET /v1/admin/contests/:id/print-runs/:jobId': ['admin'],
  'GET /v1/admin/exports/participants': ['admin'],
  'GET /v1/admin/exports/report': ['admin'],
  'GET /v1/admin/exports/tickets': ['admin'],
  'GET /v1/admin/mails': ['admin'],
  'GET /v1/admin/stats': ['admin'],
  'GET /v1/admin/stats/timeline': ['admin'],
  'GET /v1/admin/stores': ['admin'],
  'GET /v1/admin/tickets': ['admin'],
  'GET /v1/admin/users': ['admin'],
  'GET /v1/admin/users/:id': ['admin'],
  'GET /v1/auth/facebook': 'public',
  'GET /v1/auth/facebook/callback': 'public',
  'GET /v1/auth/google': 'public',
  'GET /v1/auth/google/callback': 'public',
  'GET /v1/claims': ['employee', 'admin'],
  'GET /v1/claims/:code': ['employee', 'admin'],
  'GET /v1/contest': 'public',
  'GET /v1/ops/backups': ['admin'],
  'GET /v1/ops/backups/:id': ['admin'],
  'GET /v1/ops/deployments': ['admin'],
  'GET /v1/ops/deployments/:id': ['admin'],
  'GET /v1/ops/kpis': ['admin'],
  'GET /v1/ops/retention/plan': ['admin'],
  'GET /v1/stores': 'public',
  'GET /v1/users/me': 'signed-in',
  'GET /v1/users/me/data': 'signed-in',
  'GET /v1/users/me/second-factor': 'signed-in',
  'GET /v1/users/me/sessions': 'signed-in',
  'GET /v1/users/me/tickets': 'signed-in',
  'OPTIONS *': 'document',
  'PATCH /v1/admin/contests/:id': ['admin'],
  'PATCH /v1/admin/stores/:id': ['admin'],
  'PATCH /v1/admin/users/:id': ['admin'],
  'PATCH /v1/users/me': 'signed-in',
  'POST /v1/admin/contests': ['admin'],
  'POST /v1/admin/contests/:id/tickets': ['admin'],
  'POST /v1/admin/mails/:id/retry': ['admin'],
  'POST /v1/admin/stores': ['admin'],
  'POST /v1/admin/users': ['admin'],
  'POST /v1/admin/users/:id/invitation': ['admin'],
  'POST /v1/auth/email/resend': 'signed-in',
  'POST /v1/auth/email/verify': 'public',
  'POST /v1/auth/exchange': 'public',
  'POST /v1/auth/facebook/token': 'public',
  'POST /v1/auth/google/token': 'public',
  'POST /v1/auth/invitation/accept': 'public',
  'POST /v1/auth/login': 'public',
  'POST /v1/auth/logout': 'public',
  'POST /v1/auth/password/forgot': 'public',
  'POST /v1/auth/password/reset': 'public',
  'POST /v1/auth/refresh': 'public',
  'POST /v1/auth/register': 'public',
  'POST /v1/claims/:code/refuse': ['employee', 'admin'],
  'POST /v1/claims/:code/undo': ['admin'],
  'POST /v1/claims/:code/validate': ['employee', 'admin'],
  'POST /v1/ops/backups': ['admin'],
  'POST /v1/tickets/play': 'signed-in',
  'POST /v1/users/me/second-factor': 'signed-in',
  'POST /v1/users/me/second-factor/confirm': 'signed-in',
  'POST /v1/users/me/second-factor/recovery-codes': 'signed-in',
  'PUT /v1/users/me/password': 'signed-in',
};

describe('Every route and its access', () => {
  let test: TestApp;
  const sessions = new Map<Role, SessionBody>();

  beforeAll(async () => {
    test = await startTestApp({ config: UNASKED_PROVIDERS });
    for (const role of ROLES) sessions.set(role, await signInAs(test, role));
  });
  afterAll(async () => {
    await test.stop();
  });

  it('is the list that was agreed on', () => {
    const rules = accessByRoute(test.app);
    const found = registeredRoutes(test.app).map((route) => [route, rules.get(route) ?? 'document']);
    expect(Object.fromEntries(found)).toEqual(ROUTES);
  });

  it('covers every handler of every controller', () => {
    const registered = new Set(registeredRoutes(test.app));
    const handlers = [...accessByRoute(test.app).keys()];
    expect(handlers.length).toBeGreaterThan(10);
    expect(handlers.filter((route) => !registered.has(route))).toEqual([]);
  });

  it('has no rule but the three kinds', () => {
    for (const [route, rule] of accessByRoute(test.app)) {
      const known = rule === 'public' || rule === 'signed-in' || (Array.isArray(rule) && rule.length > 0);
      expect([route, known]).toEqual([route, true]);
    }
  });

  const guarded = Object.entries(ROUTES).filter(([, rule]) => rule !== 'public' && rule !== 'document');

  it.each(guarded)('%s lets nobody in who is not signed in', async (route) => {
    expect(await ask(test.client, route)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  });

  it.each(guarded)('%s lets in whom its rule names, %j, and nobody else', async (route, rule) => {
    for (const role of ROLES) {
      // Whoever may erase their account has none afterwards.
      const session = route === 'DELETE /v1/users/me' ? await signInAs(test, role) : sessions.get(role);
      const { status, body } = await ask(test.client, route, session?.accessToken);
      const allowed = rule === 'signed-in' || rule.includes(role);
      expect([role, body.code === 'FORBIDDEN']).toEqual([role, !allowed]);
      expect(status).not.toBe(401);
      expect(status).toBeLessThan(500);
    }
  });

  const open = Object.entries(ROUTES).filter(([route, rule]) => rule === 'public' && route !== 'OPTIONS *');

  it.each(open)('%s asks for no sign-in', async (route) => {
    const { status, body } = await ask(test.client, route);
    expect(['UNAUTHENTICATED', 'FORBIDDEN']).not.toContain(body.code);
    if (body.code !== 'OAUTH_UNAVAILABLE') expect(status).toBeLessThan(500);
  });
});

@Controller('forgotten')
class ForgottenController {
  @Get()
  nobodyThoughtOfAccess(): object {
    return { secret: true };
  }
}

@Access('public')
@Controller('strict')
class StrictController {
  @Get('open')
  open(): object {
    return { open: true };
  }

  @Get('closed')
  @Access(['admin'])
  closed(): object {
    return { closed: true };
  }

  @Get('nobody')
  @Access([])
  nobody(): object {
    return {};
  }
}

describe('The guard', () => {
  let test: TestApp;
  let app: NestFastifyApplication;
  let client: ApiClient;

  beforeAll(async () => {
    test = await startTestApp();
    const house = AppModule.register(test.config, createLogger('silent'), new SystemClock());
    @Module({ imports: [house], controllers: [ForgottenController, StrictController] })
    class ExtendedModule {}
    app = await NestFactory.create<NestFastifyApplication>(ExtendedModule, new FastifyAdapter(), { logger: false });
    checkTokensApart(app);
    await app.listen(0, '127.0.0.1');
    client = new ApiClient(await app.getUrl());
  });
  afterAll(async () => {
    await app.close();
    await test.stop();
  });

  it('refuses everybody where no rule was declared, the admin as well', async () => {
    const admin = await signInAs(test, 'admin');
    for (const token of [undefined, admin.accessToken]) {
      expect(await client.get('/forgotten', token)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    }
  });

  it('asks the method before the class', async () => {
    const admin = await signInAs(test, 'admin');
    const customer = await signInAs(test, 'customer');
    expect((await client.get('/strict/open')).status).toBe(200);
    expect((await client.get('/strict/closed')).status).toBe(401);
    expect((await client.get('/strict/closed', customer.accessToken)).status).toBe(403);
    expect((await client.get('/strict/closed', admin.accessToken)).status).toBe(200);
    expect((await client.get('/strict/nobody', admin.accessToken)).status).toBe(403);
  });
});

const NOBODY = '00000000-0000-4000-8000-000000000000';

function ask(client: ApiClient, route: string, token?: string) {
  const [method = '', path = ''] = route.split(' ');
  const body = method === 'GET' ? {} : { body: {} };
  return client.request<ProblemBody>(
    method,
    path.replace(':code', 'AAAAAAAAAA').replace(':id', NOBODY).replace(':jobId', NOBODY),
    {
      token,
      ...body,
    },
  );
}

/** What the controllers declare, read as the guard reads it. */
function accessByRoute(app: NestFastifyApplication): Map<string, AccessRule | undefined> {
  const rules = new Map<string, AccessRule | undefined>();
  const reflector = new Reflector();
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  for (const { metatype } of controllers) {
    if (typeof metatype !== 'function') continue;
    const prototype = metatype.prototype as Record<string, () => unknown>;
    for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
      const handler = prototype[name]!;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (method === undefined) continue;
      const versioned = Reflect.getMetadata(VERSION_METADATA, metatype) === undefined;
      const parts = [PATH_METADATA, PATH_METADATA].map((key, n) =>
        String(Reflect.getMetadata(key, n === 0 ? metatype : handler)).replace(/^\/|\/$/g, ''),
      );
      const path = [versioned ? 'v1' : '', ...parts].filter((part) => part !== '').join('/');
      rules.set(`${RequestMethod[method]} /${path}`, reflector.getAllAndOverride(Access, [handler, metatype]));
    }
  }
  return rules;
}
