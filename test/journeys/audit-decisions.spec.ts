import { randomUUID } from 'node:crypto';
import { AUDIT_ACTIONS, AuditVerifier } from '@tiptop/platform';
import { type Call, DRIVERS, setStage, type Stage } from '../support/audit-drivers';
import { googlePerson } from '../support/google-provider';
import { registeredRoutes } from '../support/registered-routes';
import { ScriptedBrowser } from '../support/scripted-browser';
import { COMPLETION, type SocialApp, startSocialApp, throughProvider } from '../support/social-app';

const READ = 'none: changes nothing, and lets out what its screen shows';
const DOCUMENT = 'none: the same for everybody';

/**
 * What the audit log is told by each route when it does what it is there for. A line that is new here is a decision to be
 * seen in a review: which action, or why none.
 */
const DECISIONS: Readonly<Record<string, string>> = {
  'DELETE /v1/users/me': 'account-erased',
  'DELETE /v1/users/me/second-factor': 'second-factor-off',
  'DELETE /v1/users/me/sessions/:id': 'session-ended',
  'GET /docs': DOCUMENT,
  'GET /docs/': DOCUMENT,
  'GET /docs/*': DOCUMENT,
  'GET /docs/LICENSE': DOCUMENT,
  'GET /docs/docs/swagger-ui-init.js': DOCUMENT,
  'GET /docs/index.html': DOCUMENT,
  'GET /docs/swagger-ui-init.js': DOCUMENT,
  'GET /health': DOCUMENT,
  'GET /health/live': DOCUMENT,
  'GET /health/ready': DOCUMENT,
  'GET /openapi.json': DOCUMENT,
  'GET /v1/admin/audit': READ,
  'GET /v1/admin/contests': READ,
  'GET /v1/admin/contests/:id': READ,
  'GET /v1/admin/contests/:id/codes': 'codes-exported',
  'GET /v1/admin/contests/:id/print-runs': READ,
  'GET /v1/admin/contests/:id/print-runs/:jobId': READ,
  'GET /v1/admin/exports/participants': 'export',
  'GET /v1/admin/exports/report': 'export',
  'GET /v1/admin/exports/tickets': 'export',
  'GET /v1/admin/mails': READ,
  'GET /v1/admin/stats': READ,
  'GET /v1/admin/stats/timeline': READ,
  'GET /v1/admin/stores': READ,
  'GET /v1/admin/tickets': READ,
  'GET /v1/admin/users': READ,
  'GET /v1/admin/users/:id': READ,
  'GET /v1/auth/facebook': 'none: sends the browser to the provider',
  'GET /v1/auth/facebook/callback': 'sign-in',
  'GET /v1/auth/google': 'none: sends the browser to the provider',
  'GET /v1/auth/google/callback': 'sign-in',
  'GET /v1/claims': READ,
  'GET /v1/claims/:code': READ,
  'GET /v1/contest': READ,
  'GET /v1/ops/backups': READ,
  'GET /v1/ops/backups/:id': READ,
  'GET /v1/ops/deployments': READ,
  'GET /v1/ops/deployments/:id': READ,
  'GET /v1/ops/kpis': READ,
  'GET /v1/ops/retention/plan': READ,
  'GET /v1/stores': READ,
  'GET /v1/users/me': READ,
  'GET /v1/users/me/data': 'data-downloaded',
  'GET /v1/users/me/second-factor': READ,
  'GET /v1/users/me/sessions': READ,
  'GET /v1/users/me/tickets': READ,
  'OPTIONS *': DOCUMENT,
  'PATCH /v1/admin/contests/:id': 'contest-updated',
  'PATCH /v1/admin/stores/:id': 'store-updated',
  'PATCH /v1/admin/users/:id': 'role-changed, account-archived, account-updated',
  'PATCH /v1/users/me': 'profile-updated',
  'POST /v1/admin/contests': 'contest-created',
  'POST /v1/admin/contests/:id/tickets': 'print-run-started, print-run-done',
  'POST /v1/admin/mails/:id/retry': 'mail-retried',
  'POST /v1/admin/stores': 'store-created',
  'POST /v1/admin/users': 'staff-invited',
  'POST /v1/admin/users/:id/invitation': 'invitation-resent',
  'POST /v1/auth/email/resend': 'none: no more than a letter to the person themselves',
  'POST /v1/auth/email/verify': 'email-verified',
  'POST /v1/auth/exchange': 'account-registered',
  'POST /v1/auth/facebook/token': 'sign-in',
  'POST /v1/auth/google/token': 'identity-linked, sign-in',
  'POST /v1/auth/invitation/accept': 'invitation-accepted',
  'POST /v1/auth/login': 'sign-in',
  'POST /v1/auth/logout': 'session-ended',
  'POST /v1/auth/password/forgot': 'none: a letter at most; an entry would tell whether there is such an account',
  'POST /v1/auth/password/reset': 'password-reset',
  'POST /v1/auth/refresh': 'none: the session goes on as it was; a used token that comes again ends it, with an entry',
  'POST /v1/auth/register': 'account-registered',
  'POST /v1/claims/:code/refuse': 'hand-over-refused',
  'POST /v1/claims/:code/undo': 'hand-over-undone',
  'POST /v1/claims/:code/validate': 'hand-over',
  'POST /v1/ops/backups': 'backup-started',
  'POST /v1/tickets/play': 'none: the ticket itself tells who played it and when, and nobody can alter that',
  'POST /v1/users/me/second-factor': 'none: nothing counts before it is confirmed',
  'POST /v1/users/me/second-factor/confirm': 'second-factor-on',
  'POST /v1/users/me/second-factor/recovery-codes': 'recovery-codes-renewed',
  'PUT /v1/users/me/password': 'password-changed',
};

const CALLBACKS = ['google', 'facebook'] as const;
const callbackOf = (provider: string): string => `GET /v1/auth/${provider}/callback`;

describe('What the audit log is told', () => {
  let app: SocialApp;
  let stage: Stage;

  beforeAll(async () => {
    app = await startSocialApp();
    stage = await setStage(app);
  });
  afterAll(async () => {
    expect((await app.test.app.get(AuditVerifier).verify()).faults).toEqual([]);
    await app.stop();
  });

  it('was decided for every route that there is', () => {
    const routes = registeredRoutes(app.test.app);
    expect(routes.filter((route) => DECISIONS[route] === undefined)).toEqual([]);
    expect(Object.keys(DECISIONS).filter((route) => !routes.includes(route))).toEqual([]);
    const actions = Object.values(DECISIONS)
      .filter((decision) => !decision.startsWith('none: '))
      .flatMap((decision) => decision.split(', '));
    expect(actions.filter((action) => !(AUDIT_ACTIONS as readonly string[]).includes(action))).toEqual([]);
  });

  it('is tried with every route that changes something or lets data out', () => {
    const quiet = ([route, decision]: [string, string]): boolean =>
      /^(GET|OPTIONS) /.test(route) && decision.startsWith('none: ');
    const expected = Object.entries(DECISIONS).filter((entry) => !quiet(entry));
    const tried = [...Object.keys(DRIVERS), ...CALLBACKS.map(callbackOf)].sort();
    expect(tried).toEqual(expected.map(([route]) => route).sort());
  });

  it.each(Object.keys(DRIVERS))('%s', async (route) => {
    const [method = ''] = route.split(' ');
    const requestId = randomUUID();
    const statuses: number[] = [];
    const call: Call = async (path, options = {}) => {
      const headers = { ...options.headers, 'x-request-id': requestId };
      const answer = await app.test.client.request<never>(method, path, { ...options, headers });
      statuses.push(answer.status);
      return answer;
    };
    await DRIVERS[route]!(stage, call);
    expect(statuses).toEqual([expect.any(Number)]);
    expect(statuses[0]).toBeLessThan(300);
    const rows = await app.test.database.query<{ action: string }[]>(
      'SELECT action FROM audit_entries WHERE request_id = $1 ORDER BY id',
      [requestId],
    );
    const told = rows.map(({ action }) => action).join(', ');
    const decision = DECISIONS[route] ?? '';
    expect(told).toBe(decision.startsWith('none: ') ? '' : decision);
  });
});

describe('Where no web client waits, the way back from a provider', () => {
  let app: SocialApp;

  beforeAll(async () => {
    app = await startSocialApp({ webReturnUrls: [] });
  });
  afterAll(async () => {
    await app.stop();
  });

  it.each(CALLBACKS)('with %s tells of the sign-in', async (provider) => {
    const body =
      provider === 'google'
        ? { idToken: ((app.google.person = googlePerson()), await app.google.idToken()) }
        : { accessToken: app.facebook.accessToken() };
    await app.test.client.post(`/v1/auth/${provider}/token`, { ...body, ...COMPLETION });
    const [before] = await app.test.database.query<{ id: string }[]>('SELECT max(id) AS id FROM audit_entries');
    const page = await throughProvider(app, new ScriptedBrowser(), provider);
    expect(page.status).toBe(200);
    const rows = await app.test.database.query<{ action: string; details: object }[]>(
      'SELECT action, details FROM audit_entries WHERE id > $1',
      [before!.id],
    );
    expect(rows).toEqual([
      { action: DECISIONS[callbackOf(provider)], details: { method: provider, secondFactor: false } },
    ]);
  });
});
