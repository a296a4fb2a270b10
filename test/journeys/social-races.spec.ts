import { registration, type SessionBody } from '../support/builders';
import { facebookPerson } from '../support/facebook-server';
import { googlePerson } from '../support/google-provider';
import { tally } from '../support/problem';
import { ScriptedBrowser } from '../support/scripted-browser';
import {
  COMPLETION,
  fragmentOf,
  type SocialApp,
  startSocialApp,
  throughProvider,
  trustCounts,
} from '../support/social-app';
import type { TestApp } from '../support/test-app';

const AT_ONCE = 12;

describe('At the same moment, on two replicas', () => {
  let app: SocialApp;
  let replica: TestApp;

  beforeAll(async () => {
    app = await startSocialApp();
    replica = await app.test.replica();
  });
  beforeEach(() => {
    app.google.person = googlePerson();
    app.facebook.person = facebookPerson();
  });
  afterAll(async () => {
    await app.stop();
  });

  const post = (n: number, path: string, body: object) =>
    (n % 2 === 0 ? app.test : replica).client.post<SessionBody>(path, body);
  const atOnce = <T>(work: (n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, n) => work(n)));

  async function added(work: () => Promise<unknown>) {
    const before = await trustCounts(app.test);
    await work();
    const after = await trustCounts(app.test);
    return {
      users: after.users - before.users,
      identities: after.identities - before.identities,
      sessions: after.sessions - before.sessions,
    };
  }

  it('first sign-ins of one person make one account, and all get in', async () => {
    const idToken = await app.google.idToken();
    const grown = await added(async () => {
      const answers = await atOnce((n) => post(n, '/v1/auth/google/token', { idToken, ...COMPLETION }));
      expect(tally(answers)).toEqual({ '200': AT_ONCE });
      expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(1);
    });
    expect(grown).toEqual({ users: 1, identities: 1, sessions: AT_ONCE });
  });

  it('first sign-ins of one person who types different addresses make one account', async () => {
    const { id } = app.facebook.person;
    app.facebook.person = { id, first_name: 'F', last_name: 'L' };
    const accessToken = app.facebook.accessToken();
    const grown = await added(async () => {
      const answers = await atOnce((n) =>
        post(n, '/v1/auth/facebook/token', { accessToken, ...COMPLETION, email: `typed.${id}.${n}@example.fr` }),
      );
      expect(tally(answers)).toEqual({ '200': AT_ONCE });
      expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(1);
    });
    expect(grown).toEqual({ users: 1, identities: 1, sessions: AT_ONCE });
  });

  it('a code is exchanged once, by a new person and by a known one', async () => {
    for (const grow of [
      { users: 1, identities: 1, sessions: 1 },
      { users: 0, identities: 0, sessions: 1 },
    ]) {
      const page = await throughProvider(app, new ScriptedBrowser(), 'google');
      const grown = await added(async () => {
        const body = { code: fragmentOf(page).code, ...COMPLETION };
        const answers = await atOnce((n) => post(n, '/v1/auth/exchange', body));
        expect(tally(answers)).toEqual({ '200': 1, '400 INVALID_TOKEN': AT_ONCE - 1 });
      });
      expect(grown).toEqual(grow);
    }
  });

  it('a sign-in and a registration with its address make one account, whoever is first', async () => {
    const idToken = await app.google.idToken();
    const person = registration({ email: app.google.person.email });
    const grown = await added(async () => {
      const answers = await atOnce((n) =>
        n % 3 === 0
          ? post(n, '/v1/auth/register', person)
          : post(n, '/v1/auth/google/token', { idToken, ...COMPLETION }),
      );
      const kinds = tally(answers);
      expect(Object.keys(kinds).filter((kind) => !['200', '201', '409 EMAIL_TAKEN'].includes(kind))).toEqual([]);
      // Either all with Google, or one by the form, whose address nobody has shown to be theirs.
      expect([
        { '200': 8, '409 EMAIL_TAKEN': 4 },
        { '201': 1, '409 EMAIL_TAKEN': 11 },
      ]).toContainEqual(kinds);
    });
    expect(grown.users).toBe(1);
  });

  it('sign-ins that link an account link it once', async () => {
    const { body } = await app.test.client.post<SessionBody>(
      '/v1/auth/register',
      registration({ email: app.google.person.email }),
    );
    await app.test.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [body.user.id]);
    const idToken = await app.google.idToken();
    const grown = await added(async () => {
      const answers = await atOnce((n) => post(n, '/v1/auth/google/token', { idToken }));
      expect(tally(answers)).toEqual({ '200': AT_ONCE });
      expect(new Set(answers.map((answer) => answer.body.user.id))).toEqual(new Set([body.user.id]));
    });
    expect(grown).toEqual({ users: 0, identities: 1, sessions: AT_ONCE });
  });

  it('a link and an archiving leave no link without its account', async () => {
    const { body } = await app.test.client.post<SessionBody>(
      '/v1/auth/register',
      registration({ email: app.google.person.email }),
    );
    await app.test.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [body.user.id]);
    const idToken = await app.google.idToken();
    const [answers] = await Promise.all([
      atOnce((n) => post(n, '/v1/auth/google/token', { idToken, ...COMPLETION })),
      app.test.database.query('UPDATE users SET is_active = false WHERE id = $1', [body.user.id]),
    ]);
    expect(Object.keys(tally(answers)).filter((kind) => !['200', '403 ACCOUNT_ARCHIVED'].includes(kind))).toEqual([]);
    expect((await post(0, '/v1/auth/google/token', { idToken })).status).toBe(403);
  });

  it('comes back on the replica that did not send it', async () => {
    const browser = new ScriptedBrowser();
    const page = await throughProvider(app, browser, 'google', {
      stopAt: ({ pathname }) => pathname.endsWith('/callback'),
    });
    const elsewhere = new URL(page.url.pathname + page.url.search, replica.client.url);
    const back = await browser.visit(elsewhere, { stopAt: ({ hostname }) => hostname.endsWith('.example') });
    expect((await post(0, '/v1/auth/exchange', { code: fragmentOf(back).code, ...COMPLETION })).status).toBe(200);
  });
});
