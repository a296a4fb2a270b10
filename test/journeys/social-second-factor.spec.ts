import { type Authenticator, turnOnSecondFactor } from '../support/authenticator';
import { registerCustomer, type SessionBody } from '../support/builders';
import { googlePerson } from '../support/google-provider';
import { expectProblem } from '../support/problem';
import { ScriptedBrowser } from '../support/scripted-browser';
import { exchange, expectNothingLeft, type SocialApp, startSocialApp, throughProvider } from '../support/social-app';

describe('An account with a second factor, come to by Google', () => {
  let app: SocialApp;
  let owner: SessionBody;
  let authenticator: Authenticator;

  beforeAll(async () => {
    app = await startSocialApp();
    owner = await registerCustomer(app.test);
    await app.test.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [owner.user.id]);
    authenticator = await turnOnSecondFactor(app.test, owner);
    app.google.person = googlePerson({ email: owner.user.email });
  });
  afterAll(async () => {
    await app.stop();
  });

  const comesBack = () => throughProvider(app, new ScriptedBrowser(), 'google');
  const token = async (secondFactor?: string) =>
    app.test.client.post<SessionBody>('/v1/auth/google/token', { idToken: await app.google.idToken(), secondFactor });

  it('is asked for it before anything is linked, and the code stays good meanwhile', async () => {
    const page = await comesBack();
    await expectNothingLeft(app.test, async () => {
      expectProblem(await exchange(app, page), 401, 'SECOND_FACTOR_REQUIRED');
      const wrong = { secondFactor: authenticator.wrongCode() };
      expectProblem(await exchange(app, page, wrong), 401, 'INVALID_SECOND_FACTOR');
    });
    // A person needs longer than a program: their code lives longer than that of an account without one.
    app.test.clock.moveBy(5 * 60_000);
    const secondFactor = authenticator.code();
    const { status, body } = await exchange(app, page, { secondFactor });
    expect([status, body.user.id]).toEqual([200, owner.user.id]);
    expectProblem(await exchange(app, page, { secondFactor: authenticator.code() }), 400, 'INVALID_TOKEN');
    const [session] = await app.test.database.query<{ second_factor_at: Date | null }[]>(
      'SELECT second_factor_at FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1',
      [owner.user.id],
    );
    expect(session?.second_factor_at).toBeInstanceOf(Date);
  });

  it('is asked for it on a phone, and takes a recovery code', async () => {
    await expectNothingLeft(app.test, async () => {
      expectProblem(await token(), 401, 'SECOND_FACTOR_REQUIRED');
      expectProblem(await token(authenticator.wrongCode()), 401, 'INVALID_SECOND_FACTOR');
    });
    expect((await token(authenticator.code())).status).toBe(200);
    const [recovery] = authenticator.recoveryCodes;
    expect((await token(recovery)).status).toBe(200);
    expectProblem(await token(recovery), 401, 'INVALID_SECOND_FACTOR');
  });
});
