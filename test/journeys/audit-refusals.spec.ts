import { PassThrough } from 'node:stream';
import { AuditVerifier } from '@tiptop/platform';
import { Downloads } from '../../libs/admin/src/exports/downloads';
import type { ApiResponse, RequestOptions } from '../support/api-client';
import { setStage, type Stage } from '../support/audit-drivers';
import { type AuditRow, auditRows, by, refusedRows } from '../support/audit-entries';
import { createContest, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { googlePerson } from '../support/google-provider';
import { expectInvalid, expectProblem } from '../support/problem';
import { ScriptedBrowser } from '../support/scripted-browser';
import { COMPLETION, fragmentOf, type SocialApp, startSocialApp, throughProvider } from '../support/social-app';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const MINUTES = { windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 3600 };
const ME = '/v1/users/me';

describe('Of what was refused the audit log tells', () => {
  let app: SocialApp;
  let stage: Stage;

  beforeAll(async () => {
    app = await startSocialApp({ mailRequests: { ...MINUTES, account: 2, address: 100 } });
    stage = await setStage(app);
  });
  afterAll(async () => {
    expect((await app.test.app.get(AuditVerifier).verify()).faults).toEqual([]);
    await app.stop();
  });

  const entriesWhere = (condition: string, value: string): Promise<AuditRow[]> => auditRows(app.test, condition, value);
  const refused = (method: string, path: string, options: RequestOptions, ...problem: [status: number, code: string]) =>
    refusedRows(app.test, [method, path, options], ...problem);

  describe('at a provider’s door', () => {
    const token = async (): Promise<RequestOptions> => ({ body: { idToken: await app.google.idToken() } });
    const told = { actor: null, role: 'anonymous', action: 'sign-in-refused' };

    /** An account that Google opens. */
    async function opened(): Promise<string> {
      app.google.person = googlePerson();
      const { body } = await app.test.client.post<SessionBody>('/v1/auth/google/token', {
        ...((await token()).body as object),
        ...COMPLETION,
      });
      return body.user.id;
    }

    it('who is archived, on a phone and in a browser', async () => {
      const id = await opened();
      await app.test.database.query('UPDATE users SET is_active = false WHERE id = $1', [id]);
      const entry = { ...told, subject: id, details: { method: 'google', reason: 'ACCOUNT_ARCHIVED' } };
      const entries = await refused('POST', '/v1/auth/google/token', await token(), 403, 'ACCOUNT_ARCHIVED');
      expect(entries).toEqual([entry]);
      const page = await throughProvider(app, new ScriptedBrowser(), 'google');
      expect(fragmentOf(page)).toEqual({ error: 'ACCOUNT_ARCHIVED' });
      expect((await entriesWhere('subject_id = $1', id)).slice(1)).toEqual([entry, entry]);
    });

    it('who is to be linked with an account and lacks a proof', async () => {
      const { user } = await registerCustomer(app.test);
      app.google.person = googlePerson({ email: user.email });
      const entries = await refused('POST', '/v1/auth/google/token', await token(), 409, 'EMAIL_TAKEN');
      expect(entries).toEqual([{ ...told, subject: user.id, details: { method: 'google', reason: 'EMAIL_TAKEN' } }]);
    });

    it('a token that was made up', async () => {
      const body = { idToken: 'eyJhbGciOiJub25lIn0.e30.' };
      const entries = await refused('POST', '/v1/auth/google/token', { body }, 401, 'OAUTH_REFUSED');
      expect(entries).toEqual([{ ...told, subject: null, details: { method: 'google', reason: 'OAUTH_REFUSED' } }]);
    });

    it('and not more than twenty times an hour, of one account', async () => {
      const { user } = await registerCustomer(app.test);
      app.google.person = googlePerson({ email: user.email });
      const options = await token();
      for (let n = 1; n <= 23; n++) await app.test.client.request('POST', '/v1/auth/google/token', options);
      expect(await entriesWhere(`action = 'sign-in-refused' AND subject_id = $1`, user.id)).toHaveLength(20);
    });
  });

  it('staff who would play, and not more than twenty times an hour', async () => {
    const employee = await signInAs(app.test, 'employee');
    const options = { body: { code: 'ABCDEFGHJK' }, token: employee.accessToken };
    const entries = await refused('POST', '/v1/tickets/play', options, 403, 'STAFF_EXCLUDED');
    const details = { reason: 'STAFF_EXCLUDED' };
    expect(entries).toEqual([{ action: 'play-refused', ...by(employee), subject: null, details }]);
    for (let n = 1; n <= 23; n++) await app.test.client.request('POST', '/v1/tickets/play', options);
    expect(await entriesWhere('actor_id = $1', employee.user.id)).toHaveLength(1 + 20);
    // Which hides nothing else that they try.
    const other = await refused('GET', '/v1/admin/users', { token: employee.accessToken }, 403, 'FORBIDDEN');
    expect(other).toMatchObject([{ action: 'access-refused', details: { reason: 'FORBIDDEN' } }]);
  });

  it('who was archived and comes with what they still hold, and not more than twenty times an hour', async () => {
    const employee = await signInAs(app.test, 'employee');
    await app.test.database.query('UPDATE users SET is_active = false WHERE id = $1', [employee.user.id]);
    const options = { token: employee.accessToken };
    const entries = await refused('GET', '/v1/claims', options, 403, 'ACCOUNT_ARCHIVED');
    const details = { reason: 'ACCOUNT_ARCHIVED' };
    expect(entries).toEqual([{ action: 'access-refused', ...by(employee), subject: null, details }]);
    for (let n = 1; n <= 23; n++) await app.test.client.get('/v1/claims', employee.accessToken);
    expect(await entriesWhere(`action = 'access-refused' AND actor_id = $1`, employee.user.id)).toHaveLength(20);
  });

  it('a download too many', async () => {
    const downloads = app.test.app.get(Downloads, { strict: false });
    const open = await Promise.all([1, 2, 3].map(() => downloads.begin(() => Promise.resolve(new PassThrough()))));
    const options = { token: stage.admin.accessToken };
    const path = '/v1/admin/exports/tickets?format=csv&status=pending';
    const entries = await refused('GET', path, options, 429, 'TOO_MANY_EXPORTS');
    for (const stream of open) stream.destroy();
    expect(entries).toEqual([
      {
        action: 'export-refused',
        ...by(stage.admin),
        subject: 'tickets',
        details: { format: 'csv', status: 'pending', searched: false, reason: 'TOO_MANY_EXPORTS' },
      },
    ]);
  });

  it('the last administrator who would go', async () => {
    const { user, accessToken: token } = stage.admin;
    const entries = await refused('DELETE', ME, { token }, 409, 'LAST_ADMIN');
    const details = { attempt: 'account-erased', reason: 'LAST_ADMIN' };
    expect(entries).toEqual([{ action: 'account-change-refused', ...by(stage.admin), subject: user.id, details }]);
  });

  describe('what administrators may not', () => {
    const admin = (): Pick<AuditRow, 'actor' | 'role'> => by(stage.admin);
    const sent = (body?: object): RequestOptions => ({ body, token: stage.admin.accessToken });

    it('a second account for one address, without the address', async () => {
      const { user } = await registerCustomer(app.test);
      const body = { email: user.email, firstName: 'Alix', lastName: 'Bernard', role: 'employee' };
      const entries = await refused('POST', '/v1/admin/users', sent(body), 409, 'EMAIL_TAKEN');
      const details = { attempt: 'staff-invited', reason: 'EMAIL_TAKEN' };
      expect(entries).toEqual([{ action: 'account-change-refused', ...admin(), subject: null, details }]);
    });

    it('an invitation for who has a password, and one too many', async () => {
      const { user } = await registerCustomer(app.test);
      const told = { action: 'account-change-refused', ...admin() };
      const details = (reason: string) => ({ attempt: 'invitation-resent', reason });
      const known = await refused('POST', `/v1/admin/users/${user.id}/invitation`, sent(), 409, 'NOT_INVITED');
      expect(known).toEqual([{ ...told, subject: user.id, details: details('NOT_INVITED') }]);
      const body = { email: `x.${user.email}`, firstName: 'Alix', lastName: 'Bernard', role: 'employee' };
      const invited = await app.test.client.request<{ id: string }>('POST', '/v1/admin/users', sent(body));
      const path = `/v1/admin/users/${invited.body.id}/invitation`;
      for (let n = 1; n <= 2; n++) await app.test.client.request('POST', path, sent());
      const again = await refused('POST', path, sent(), 429, 'TOO_MANY_ATTEMPTS');
      expect(again).toEqual([{ ...told, subject: invited.body.id, details: details('TOO_MANY_ATTEMPTS') }]);
    });

    it('a contest by a name that is taken, and a change of one that runs', async () => {
      const { id, slug } = stage.contest;
      const dates = { startsAt: '2090-01-01T00:00:00Z', endsAt: '2090-02-01T00:00:00Z' };
      const prize = { name: 'Un infuseur', description: 'À thé', valueCents: 500, currency: 'EUR', weight: 1 };
      const body = { slug, name: 'Noël', ...dates, claimEndsAt: '2090-03-01T00:00:00Z', prizes: [prize] };
      const taken = await refused('POST', '/v1/admin/contests', sent(body), 409, 'CONTEST_SLUG_TAKEN');
      const told = { action: 'contest-change-refused', ...admin() };
      const attempt = { attempt: 'contest-created', reason: 'CONTEST_SLUG_TAKEN' };
      expect(taken).toEqual([{ ...told, subject: null, details: attempt }]);
      const change = { startsAt: dates.startsAt, endsAt: dates.endsAt, claimEndsAt: dates.endsAt };
      const running = await refused('PATCH', `/v1/admin/contests/${id}`, sent(change), 409, 'CONTEST_RUNNING');
      expect(running).toEqual([
        {
          ...told,
          subject: id,
          details: { attempt: 'contest-updated', fields: Object.keys(change), ...change, reason: 'CONTEST_RUNNING' },
        },
      ]);
    });

    it('and nothing of what was mistyped or is not there', async () => {
      const contest = await createContest(app.test, { tickets: 0, startsAt: new Date('2090-01-01T00:00:00Z') });
      const all = async (): Promise<AuditRow[]> => entriesWhere('action <> $1', '');
      const before = await all();
      const ask = (method: string, path: string, body?: object): Promise<ApiResponse> =>
        app.test.client.request(method, path, sent(body));
      expectProblem(await ask('PATCH', `/v1/admin/users/${NOBODY}`, { role: 'admin' }), 404, 'USER_NOT_FOUND');
      expectProblem(await ask('PATCH', `/v1/admin/contests/${NOBODY}`, { name: 'x' }), 404, 'CONTEST_NOT_FOUND');
      expectProblem(await ask('PATCH', `/v1/admin/stores/${NOBODY}`, { city: 'Nice' }), 404, 'STORE_NOT_FOUND');
      expectProblem(await ask('POST', `/v1/admin/mails/${NOBODY}/retry`), 404, 'MAIL_NOT_FOUND');
      expectInvalid(await ask('PATCH', `/v1/admin/contests/${contest.id}`, { name: '' }), 'name');
      expect(await all()).toEqual(before);
    });
  });
});
