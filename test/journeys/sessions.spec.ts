import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { PASSWORD, type ProblemBody, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { claimsOf, forgeHmac, forgeRsa, forgeUnsigned } from '../support/forge';
import { startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

const refresh = ({ client }: TestApp, refreshToken: string) =>
  client.post<SessionBody & ProblemBody>('/v1/auth/refresh', { refreshToken });

const login = ({ client }: TestApp, email: string) =>
  client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD });

const me = ({ client }: TestApp, token?: string) => client.get<ProblemBody>('/v1/users/me', token);

const UNAUTHENTICATED = { status: 401, body: { code: 'UNAUTHENTICATED' } };
const DEAD = { status: 401, body: { code: 'INVALID_REFRESH_TOKEN' } };

describe('A session', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('goes on with a new pair for each refresh token', async () => {
    const first = await registerCustomer(test);
    const { status, body: second } = await refresh(test, first.refreshToken);
    expect(status).toBe(200);
    expect(Object.keys(second).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken', 'tokenType', 'user']);
    expect(second.user).toEqual(first.user);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(claimsOf(second.accessToken).sid).toBe(claimsOf(first.accessToken).sid);
    expect((await me(test, second.accessToken)).status).toBe(200);
    const third = await refresh(test, second.refreshToken);
    expect(third.status).toBe(200);
    expect((await me(test, third.body.accessToken)).status).toBe(200);
  });

  it('dies whole when a used refresh token comes again, and the log says so without the token', async () => {
    const thief = await registerCustomer(test);
    const elsewhere = (await login(test, thief.user.email)).body;
    const owner = (await refresh(test, thief.refreshToken)).body;
    expect(await refresh(test, thief.refreshToken)).toMatchObject(DEAD);

    expect(await refresh(test, owner.refreshToken)).toMatchObject(DEAD);
    expect(await me(test, owner.accessToken)).toMatchObject(UNAUTHENTICATED);
    expect(await me(test, thief.accessToken)).toMatchObject(UNAUTHENTICATED);
    expect((await me(test, elsewhere.accessToken)).status).toBe(200);
    expect((await refresh(test, elsewhere.refreshToken)).status).toBe(200);

    const { sid } = claimsOf(thief.accessToken);
    const warnings = test.logLines().filter(({ level }) => level === 'warn');
    expect(warnings).toContainEqual(expect.objectContaining({ sessionId: sid }));
    expect(JSON.stringify(warnings)).not.toContain(thief.refreshToken);
    const rows = await test.database.query<unknown[]>('SELECT revoked_because FROM sessions WHERE id = $1', [sid]);
    expect(rows).toEqual([{ revoked_because: 'reuse' }]);
  });

  it('ends when nobody refreshes it in time', async () => {
    const session = await registerCustomer(test);
    const life = test.config.refreshTokenTtlSeconds * 1000;
    test.clock.moveBy(life - 60_000);
    const renewed = await refresh(test, session.refreshToken);
    expect(renewed.status).toBe(200);
    // A refresh prolongs it from then on.
    test.clock.moveBy(life - 60_000);
    const again = await refresh(test, renewed.body.refreshToken);
    expect(again.status).toBe(200);
    expect((await me(test, again.body.accessToken)).status).toBe(200);
    test.clock.moveBy(life);
    expect(await refresh(test, again.body.refreshToken)).toMatchObject(DEAD);
    expect(await me(test, again.body.accessToken)).toMatchObject(UNAUTHENTICATED);
  });

  it('outlives its access token', async () => {
    const session = await registerCustomer(test);
    const life = test.config.accessTokenTtlSeconds * 1000;
    test.clock.moveBy(life - 5000);
    expect((await me(test, session.accessToken)).status).toBe(200);
    test.clock.moveBy(5000);
    expect(await me(test, session.accessToken)).toMatchObject(UNAUTHENTICATED);
    const renewed = await refresh(test, session.refreshToken);
    expect((await me(test, renewed.body.accessToken)).status).toBe(200);
  });

  it('ends at a logout at once, and with it nothing else', async () => {
    const here = await registerCustomer(test);
    const there = (await login(test, here.user.email)).body;
    const out = await test.client.post('/v1/auth/logout', { refreshToken: here.refreshToken });
    expect(out).toMatchObject({ status: 204, body: '' });
    expect(await refresh(test, here.refreshToken)).toMatchObject(DEAD);
    expect(await me(test, here.accessToken)).toMatchObject(UNAUTHENTICATED);
    expect((await me(test, there.accessToken)).status).toBe(200);
    expect((await refresh(test, there.refreshToken)).status).toBe(200);
  });

  it('is logged out of without fuss: twice, by an unknown token, by a used one', async () => {
    const session = await registerCustomer(test);
    const renewed = (await refresh(test, session.refreshToken)).body;
    for (const refreshToken of ['never given out', session.refreshToken, session.refreshToken, renewed.refreshToken]) {
      expect((await test.client.post('/v1/auth/logout', { refreshToken })).status).toBe(204);
    }
    expect(await me(test, renewed.accessToken)).toMatchObject(UNAUTHENTICATED);
  });

  it('is not opened by what is no refresh token', async () => {
    const session = await registerCustomer(test);
    for (const token of [
      'x',
      session.refreshToken.slice(1),
      session.refreshToken.toUpperCase(),
      ` ${session.refreshToken}`,
    ]) {
      expect(await refresh(test, token)).toMatchObject(DEAD);
    }
    for (const refreshToken of [undefined, null, '', 7, ['x'], 'x'.repeat(201)]) {
      expect(await test.client.post('/v1/auth/refresh', { refreshToken })).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_FAILED', errors: [{ path: 'refreshToken' }] },
      });
    }
    expect((await refresh(test, session.refreshToken)).status).toBe(200);
  });

  it('leaves no password and no token in the database', async () => {
    const password = 'Lapsang souchong fumé 4711';
    const session = await registerCustomer(test, { password });
    const renewed = (await refresh(test, session.refreshToken)).body;
    const text = await wholeDatabase(test);
    expect(text).toContain(session.user.email);
    expect(text).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    for (const secret of [
      password,
      session.refreshToken,
      session.accessToken,
      renewed.refreshToken,
      renewed.accessToken,
    ]) {
      // A good part of it would be as bad; eighteen bytes are a whole number of base64's groups.
      const part = Buffer.from(secret.slice(0, 18));
      for (const encoding of ['utf8', 'hex', 'base64'] as const) expect(text).not.toContain(part.toString(encoding));
    }
    expect(text).not.toContain(Buffer.from(session.refreshToken, 'base64url').subarray(0, 16).toString('hex'));
    expect(text).not.toContain(session.accessToken.split('.')[2]);
  });
});

describe('Rights are read anew for each request', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
    replica = await test.replica();
  });
  afterAll(async () => {
    await test.stop();
  });

  const everywhere = (ask: (app: TestApp) => Promise<unknown>) => Promise.all([ask(test), ask(replica)]);

  it('refuses an archived account on its next request, on every replica', async () => {
    const session = await registerCustomer(test);
    expect(await everywhere((app) => me(app, session.accessToken))).toMatchObject([{ status: 200 }, { status: 200 }]);
    await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [session.user.id]);
    const archived = { status: 403, body: { code: 'ACCOUNT_ARCHIVED' } };
    expect(await everywhere((app) => me(app, session.accessToken))).toMatchObject([archived, archived]);
    expect(await refresh(replica, session.refreshToken)).toMatchObject(archived);
    await test.database.query('UPDATE users SET is_active = true WHERE id = $1', [session.user.id]);
    expect(await everywhere((app) => me(app, session.accessToken))).toMatchObject([{ status: 200 }, { status: 200 }]);
  });

  it('follows a change of role on the next request, up and down, on every replica', async () => {
    const session = await registerCustomer(test);
    const claims = (app: TestApp) => app.client.get<ProblemBody>('/v1/claims', session.accessToken);
    const forbidden = { status: 403, body: { code: 'FORBIDDEN' } };
    expect(await everywhere(claims)).toMatchObject([forbidden, forbidden]);
    await test.database.query("UPDATE users SET role = 'employee' WHERE id = $1", [session.user.id]);
    expect(await everywhere(claims)).toMatchObject([{ status: 200 }, { status: 200 }]);
    await test.database.query("UPDATE users SET role = 'customer' WHERE id = $1", [session.user.id]);
    expect(await everywhere(claims)).toMatchObject([forbidden, forbidden]);
  });

  it('keeps an employee from what is the admin’s', async () => {
    const [employee, admin] = [await signInAs(test, 'employee'), await signInAs(test, 'admin')];
    const undo = (token: string) =>
      test.client.post<ProblemBody>('/v1/claims/AAAAAAAAAA/undo', { reason: 'By mistake' }, token);
    expect(await undo(employee.accessToken)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await undo(admin.accessToken)).toMatchObject({ status: 404, body: { code: 'TICKET_NOT_FOUND' } });
  });

  it('ends a session that the database has ended, on every replica', async () => {
    const session = await registerCustomer(test);
    const { sid } = claimsOf(session.accessToken);
    await test.database.query(
      "UPDATE sessions SET revoked_at = now(), revoked_because = 'ended-by-owner' WHERE id = $1",
      [sid],
    );
    expect(await everywhere((app) => me(app, session.accessToken))).toMatchObject([UNAUTHENTICATED, UNAUTHENTICATED]);
    expect(await refresh(replica, session.refreshToken)).toMatchObject(DEAD);
  });

  it('ends a session that is past its time, whatever its access token says', async () => {
    const session = await registerCustomer(test);
    const { sid } = claimsOf(session.accessToken);
    await test.database.query("UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1", [sid]);
    expect(await everywhere((app) => me(app, session.accessToken))).toMatchObject([UNAUTHENTICATED, UNAUTHENTICATED]);
  });

  it('refreshes on another replica than the one that signed in', async () => {
    const session = await registerCustomer(test);
    const renewed = await refresh(replica, session.refreshToken);
    expect(renewed.status).toBe(200);
    expect((await me(test, renewed.body.accessToken)).status).toBe(200);
  });
});

describe('A forged access token', () => {
  let test: TestApp;
  let session: SessionBody;
  let claims: Record<string, unknown>;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

  beforeAll(async () => {
    test = await startDocumentedApp();
    session = await registerCustomer(test);
    claims = claimsOf(session.accessToken);
  });
  afterAll(async () => {
    await test.stop();
  });

  it('would be let in if it were ours: the forger of this test works', async () => {
    expect(forgeHmac(claims, test.config.jwtSecret).split('.')).toHaveLength(3);
    expect((await me(test, forgeHmac(claims, test.config.jwtSecret))).status).toBe(200);
  });

  it.each<[string, () => string]>([
    ['of another secret', () => forgeHmac(claims, 'another-secret-of-thirty-two-characters')],
    ['of an empty secret', () => forgeHmac(claims, '')],
    ['of our secret under another algorithm', () => forgeHmac(claims, test.config.jwtSecret, 'HS512', 'sha512')],
    ['without a signature', () => forgeUnsigned(claims)],
    ['without a signature, spelt otherwise', () => forgeUnsigned(claims, 'NoNe')],
    ['signed with an RSA key', () => forgeRsa(claims, rsa.privateKey)],
    ['signed with our secret under the name of RS256', () => forgeHmac(claims, test.config.jwtSecret, 'RS256')],
    ['with its claims changed', () => swapClaims(session.accessToken, { ...claims, sub: randomUUID() })],
    ['with its end put off', () => swapClaims(session.accessToken, { ...claims, exp: Number(claims.exp) + 86_400 })],
    ['with its signature cut off', () => session.accessToken.split('.').slice(0, 2).join('.')],
    ['that is no token', () => 'not.a.token'],
    ['that is a refresh token', () => session.refreshToken],
  ])('%s is refused', async (_, forge) => {
    const answer = await me(test, forge());
    expect(answer).toMatchObject(UNAUTHENTICATED);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  // Signed by us, and yet none that we give out: no fault of the server, and nobody else's request may fail with it.
  it.each<[string, Record<string, unknown>]>([
    ['no session', { sid: undefined }],
    ['a session that is none', { sid: 'not-a-uuid' }],
    ['a session of another type', { sid: 7 }],
    ['a session that does not exist', { sid: randomUUID() }],
    ['no account', { sub: undefined }],
    ['another account', { sub: randomUUID() }],
    ['no end', { exp: undefined }],
    ['an end that is a text', { exp: '9999999999' }],
    ['an end in the past', { exp: 1_000_000_000 }],
  ])('with %s is refused', async (_, changed) => {
    const forged = forgeHmac({ ...claims, ...changed }, test.config.jwtSecret);
    const [answer, neighbour] = await Promise.all([me(test, forged), me(test, session.accessToken)]);
    expect(answer).toMatchObject(UNAUTHENTICATED);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(neighbour.status).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['another scheme', { authorization: 'Basic Y2FtaWxsZTpzZWNyZXQ=' }],
    ['an empty Bearer', { authorization: 'Bearer ' }],
  ])('nor does %s open anything', async (_, headers) => {
    const answer = await test.client.get('/v1/users/me', undefined, headers);
    expect(answer).toMatchObject(UNAUTHENTICATED);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('is not looked for in the address, in a cookie or in the body', async () => {
    const { accessToken } = session;
    expect((await me(test, undefined)).status).toBe(401);
    expect((await test.client.get(`/v1/users/me?access_token=${accessToken}`)).status).toBe(401);
    const cookie = { cookie: `access_token=${accessToken}; jwt=${accessToken}` };
    expect((await test.client.get('/v1/users/me', undefined, cookie)).status).toBe(401);
    const patch = await test.client.request('PATCH', '/v1/users/me', { body: { auth_token: accessToken } });
    expect(patch.status).toBe(401);
  });
});

function swapClaims(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}

/** Every row of every table as PostgreSQL writes it, byte strings in hexadecimal. */
async function wholeDatabase({ database }: TestApp): Promise<string> {
  const tables = await database.query<{ name: string }[]>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }[]>(`SELECT t::text AS row FROM ${name} t`);
    texts.push(...rows.map(({ row }) => row));
  }
  return texts.join('\n');
}
