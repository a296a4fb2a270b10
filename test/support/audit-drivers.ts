import { randomBytes } from 'node:crypto';
import type { Contest } from '@tiptop/game';
import type { ApiResponse, RequestOptions } from './api-client';
import { totpOf, turnOnSecondFactor } from './authenticator';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  registration,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from './builders';
import { googlePerson } from './google-provider';
import { tokenInLetter } from './letters';
import { play } from './plays';
import { ScriptedBrowser } from './scripted-browser';
import { COMPLETION, fragmentOf, type SocialApp, throughProvider } from './social-app';
import type { TestApp } from './test-app';
import { until } from './waiting';

const NEW_PASSWORD = 'quatre-tasses-de-matcha';
const DAY_MS = 86_400_000;

/** Asks the route in question, at a path of it. */
export type Call = <T>(path: string, options?: RequestOptions) => Promise<ApiResponse<T>>;

/** What the drivers find. */
export interface Stage {
  app: SocialApp;
  test: TestApp;
  admin: SessionBody;
  employee: SessionBody;
  /** Open, with tickets. */
  contest: Contest;
}

/** Makes ready what a route needs, and asks it once for what it is there for. */
export type Driver = (stage: Stage, call: Call) => Promise<unknown>;

export async function setStage(app: SocialApp): Promise<Stage> {
  const { test } = app;
  const [admin, employee] = [await signInAs(test, 'admin'), await signInAs(test, 'employee')];
  return { app, test, admin, employee, contest: await createContest(test, { tickets: 50 }) };
}

/** A ticket that somebody has played, and what is then done with it. */
async function played({ test, employee, contest }: Stage, verb?: 'validate'): Promise<string> {
  const [code = ''] = await unplayedCodes(test, contest, 1);
  await play(test, code, await registerCustomer(test));
  if (verb) await test.client.post(`/v1/claims/${code}/${verb}`, { identityChecked: true }, employee.accessToken);
  return code;
}

async function planned({ test }: Stage): Promise<Contest> {
  return createContest(test, { tickets: 0, startsAt: new Date(Date.now() + DAY_MS) });
}

async function invited({ test, admin }: Stage): Promise<string> {
  const body = { email: mail(), firstName: 'Alix', lastName: 'Bernard', role: 'employee' };
  return (await test.client.post<{ id: string }>('/v1/admin/users', body, admin.accessToken)).body.id;
}

async function store({ test, admin }: Stage): Promise<string> {
  const body = { name: 'Nice 1', city: 'Nice' };
  return (await test.client.post<{ id: string }>('/v1/admin/stores', body, admin.accessToken)).body.id;
}

async function deadLetter({ test }: Stage): Promise<string> {
  const { user } = await registerCustomer(test);
  // In one transaction, so that nobody delivers it meanwhile.
  return test.database.transaction(async (manager) => {
    const [letter] = await manager.query<{ id: string }[]>(`SELECT enqueue_mail('verify-email', $1, '{}') AS id`, [
      user.id,
    ]);
    await manager.query('SELECT move_mail_orders(1000)');
    await manager.query(`UPDATE pgboss.job SET state = 'failed' WHERE id = $1`, [letter!.id]);
    return letter!.id;
  });
}

function mail(): string {
  return `camille.${randomBytes(6).toString('hex')}@example.fr`;
}

/** Somebody new at Google, with the address of an account that is verified. */
async function knownToGoogle({ app, test }: Stage): Promise<void> {
  const { user } = await registerCustomer(test);
  await test.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [user.id]);
  app.google.person = googlePerson({ email: user.email });
}

const ME = '/v1/users/me';
const FACTOR = `${ME}/second-factor`;

/** Of every route that changes something or lets data out, but for the ways back from a provider. */
export const DRIVERS: Readonly<Record<string, Driver>> = {
  'POST /v1/auth/register': (_, call) => call('/v1/auth/register', { body: registration() }),
  'POST /v1/auth/login': async ({ test }, call) => {
    const { user } = await registerCustomer(test);
    await call('/v1/auth/login', { body: { email: user.email, password: PASSWORD } });
  },
  'POST /v1/auth/refresh': async ({ test }, call) => {
    const { refreshToken } = await registerCustomer(test);
    await call('/v1/auth/refresh', { body: { refreshToken } });
  },
  'POST /v1/auth/logout': async ({ test }, call) => {
    const { refreshToken } = await registerCustomer(test);
    await call('/v1/auth/logout', { body: { refreshToken } });
  },
  'POST /v1/auth/exchange': async ({ app }, call) => {
    app.google.person = googlePerson();
    const { code } = fragmentOf(await throughProvider(app, new ScriptedBrowser(), 'google'));
    await call('/v1/auth/exchange', { body: { code, ...COMPLETION } });
  },
  'POST /v1/auth/google/token': async (stage, call) => {
    await knownToGoogle(stage);
    await call('/v1/auth/google/token', { body: { idToken: await stage.app.google.idToken() } });
  },
  'POST /v1/auth/facebook/token': async ({ app, test }, call) => {
    const body = () => ({ accessToken: app.facebook.accessToken() });
    await test.client.post('/v1/auth/facebook/token', { ...body(), ...COMPLETION });
    await call('/v1/auth/facebook/token', { body: body() });
  },
  'POST /v1/auth/email/verify': async ({ test }, call) => {
    const { user } = await registerCustomer(test);
    await call('/v1/auth/email/verify', { body: { token: await tokenInLetter(test, user.id, 'verify-email') } });
  },
  'POST /v1/auth/email/resend': async ({ test }, call) => {
    await call('/v1/auth/email/resend', { token: (await registerCustomer(test)).accessToken });
  },
  'POST /v1/auth/password/forgot': async ({ test }, call) => {
    const { user } = await registerCustomer(test);
    await call('/v1/auth/password/forgot', { body: { email: user.email } });
  },
  'POST /v1/auth/password/reset': async ({ test }, call) => {
    const { user } = await registerCustomer(test);
    await test.client.post('/v1/auth/password/forgot', { email: user.email });
    const token = await tokenInLetter(test, user.id, 'reset-password');
    await call('/v1/auth/password/reset', { body: { token, password: NEW_PASSWORD } });
  },
  'POST /v1/auth/invitation/accept': async (stage, call) => {
    const token = await tokenInLetter(stage.test, await invited(stage), 'invitation');
    await call('/v1/auth/invitation/accept', { body: { token, password: NEW_PASSWORD } });
  },
  'PATCH /v1/users/me': async ({ test }, call) => {
    await call(ME, { body: { firstName: 'Zoé', newsletter: true }, token: (await registerCustomer(test)).accessToken });
  },
  'PUT /v1/users/me/password': async ({ test }, call) => {
    const { accessToken: token } = await registerCustomer(test);
    await call(`${ME}/password`, { body: { currentPassword: PASSWORD, password: NEW_PASSWORD }, token });
  },
  'DELETE /v1/users/me/sessions/:id': async ({ test }, call) => {
    const { accessToken: token } = await registerCustomer(test);
    const { body } = await test.client.get<{ items: { id: string }[] }>(`${ME}/sessions`, token);
    await call(`${ME}/sessions/${body.items[0]!.id}`, { token });
  },
  'GET /v1/users/me/data': async ({ test }, call) => {
    await call(`${ME}/data`, { token: (await registerCustomer(test)).accessToken });
  },
  'DELETE /v1/users/me': async ({ test }, call) => {
    await call(ME, { token: (await registerCustomer(test)).accessToken });
  },
  'POST /v1/users/me/second-factor': async ({ test }, call) => {
    await call(FACTOR, { body: { currentPassword: PASSWORD }, token: (await registerCustomer(test)).accessToken });
  },
  'POST /v1/users/me/second-factor/confirm': async ({ test }, call) => {
    const customer = await registerCustomer(test);
    const { code } = await turnOnSecondFactor(test, customer);
    // A new authenticator in the place of the first: the same as turning one on.
    const { body } = await test.client.post<{ secret: string }>(
      FACTOR,
      { currentPassword: PASSWORD, code: code() },
      customer.accessToken,
    );
    const next = { code: totpOf(body.secret, test.clock.now()) };
    await call(`${FACTOR}/confirm`, { body: next, token: customer.accessToken });
  },
  'POST /v1/users/me/second-factor/recovery-codes': async ({ test }, call) => {
    const customer = await registerCustomer(test);
    const { code } = await turnOnSecondFactor(test, customer);
    await call(`${FACTOR}/recovery-codes`, { body: { code: code() }, token: customer.accessToken });
  },
  'DELETE /v1/users/me/second-factor': async ({ test }, call) => {
    const customer = await registerCustomer(test);
    const { code } = await turnOnSecondFactor(test, customer);
    await call(FACTOR, { body: { code: code() }, token: customer.accessToken });
  },
  'POST /v1/tickets/play': async ({ test, contest }, call) => {
    const [code] = await unplayedCodes(test, contest, 1);
    await call('/v1/tickets/play', { body: { code }, token: (await registerCustomer(test)).accessToken });
  },
  'POST /v1/claims/:code/validate': async (stage, call) => {
    const path = `/v1/claims/${await played(stage)}/validate`;
    await call(path, { body: { identityChecked: true }, token: stage.employee.accessToken });
  },
  'POST /v1/claims/:code/refuse': async (stage, call) => {
    const path = `/v1/claims/${await played(stage)}/refuse`;
    await call(path, { body: { reason: 'ID_MISSING' }, token: stage.employee.accessToken });
  },
  'POST /v1/claims/:code/undo': async (stage, call) => {
    const path = `/v1/claims/${await played(stage, 'validate')}/undo`;
    await call(path, { body: { reason: 'Erreur' }, token: stage.admin.accessToken });
  },
  'POST /v1/ops/backups': ({ admin }, call) => call('/v1/ops/backups', { body: {}, token: admin.accessToken }),
  'POST /v1/admin/contests': ({ admin }, call) => {
    const at = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    const dates = { startsAt: at(1), endsAt: at(2), claimEndsAt: at(3) };
    const prize = { name: 'Un infuseur', description: 'À thé', valueCents: 500, currency: 'EUR', weight: 1 };
    const slug = `contest-${randomBytes(4).toString('hex')}`;
    return call('/v1/admin/contests', {
      body: { slug, name: 'Noël', ...dates, prizes: [prize] },
      token: admin.accessToken,
    });
  },
  'PATCH /v1/admin/contests/:id': async (stage, call) => {
    const { id } = await planned(stage);
    await call(`/v1/admin/contests/${id}`, { body: { name: 'Épiphanie' }, token: stage.admin.accessToken });
  },
  'POST /v1/admin/contests/:id/tickets': async (stage, call) => {
    const { id } = await planned(stage);
    const token = stage.admin.accessToken;
    const { body } = await call<{ id: string }>(`/v1/admin/contests/${id}/tickets`, { body: { count: 5 }, token });
    await until('the print run is done', async () => {
      const run = await stage.test.client.get<{ status: string }>(
        `/v1/admin/contests/${id}/print-runs/${body.id}`,
        token,
      );
      return run.body.status === 'done';
    });
  },
  'GET /v1/admin/contests/:id/codes': ({ contest, admin }, call) =>
    call(`/v1/admin/contests/${contest.id}/codes`, { token: admin.accessToken }),
  'POST /v1/admin/stores': ({ admin }, call) =>
    call('/v1/admin/stores', { body: { name: 'Nice 2', city: 'Nice' }, token: admin.accessToken }),
  'PATCH /v1/admin/stores/:id': async (stage, call) => {
    await call(`/v1/admin/stores/${await store(stage)}`, {
      body: { isActive: false },
      token: stage.admin.accessToken,
    });
  },
  'POST /v1/admin/users': ({ admin }, call) =>
    call('/v1/admin/users', {
      body: { email: mail(), firstName: 'Alix', lastName: 'Bernard', role: 'employee' },
      token: admin.accessToken,
    }),
  'PATCH /v1/admin/users/:id': async ({ test, admin }, call) => {
    const { user } = await registerCustomer(test);
    const body = { role: 'employee', isActive: false, lastName: 'Durand' };
    await call(`/v1/admin/users/${user.id}`, { body, token: admin.accessToken });
  },
  'POST /v1/admin/users/:id/invitation': async (stage, call) => {
    await call(`/v1/admin/users/${await invited(stage)}/invitation`, { token: stage.admin.accessToken });
  },
  'POST /v1/admin/mails/:id/retry': async (stage, call) => {
    await call(`/v1/admin/mails/${await deadLetter(stage)}/retry`, { token: stage.admin.accessToken });
  },
  'GET /v1/admin/exports/tickets': ({ admin }, call) =>
    call('/v1/admin/exports/tickets?format=csv', { token: admin.accessToken }),
  'GET /v1/admin/exports/participants': ({ admin }, call) =>
    call('/v1/admin/exports/participants?format=csv', { token: admin.accessToken }),
  'GET /v1/admin/exports/report': ({ admin }, call) =>
    call('/v1/admin/exports/report?format=xlsx', { token: admin.accessToken }),
};
