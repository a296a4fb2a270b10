import { MailKinds, type MailOrder, renderMail } from '@tiptop/platform';
import { registerCustomer, registration, type SessionBody, signInAs } from '../support/builders';
import { newestLetter, tokenInLetter, waitingLetters } from '../support/letters';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;

describe('Verifying an e-mail address', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp({
      config: {
        webUrl: 'https://shop.example',
        mailRequests: { account: 2, address: 1000, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 60 },
      },
    });
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const verify = (token: string) => test.client.post('/v1/auth/email/verify', { token });
  const resend = ({ accessToken }: SessionBody) => test.client.post('/v1/auth/email/resend', undefined, accessToken);
  const isVerified = async ({ accessToken }: SessionBody) =>
    (await test.client.get<{ emailVerified: boolean }>('/v1/users/me', accessToken)).body.emailVerified;

  it('takes the token of the letter that a registration sends, once', async () => {
    const customer = await registerCustomer(test);
    expect(await isVerified(customer)).toBe(false);
    const letter = await newestLetter(test, customer.user.id, 'verify-email');
    expect(letter?.to.address).toBe(customer.user.email);
    expect(letter?.variables['link']).toMatch(/^https:\/\/shop\.example\/email\/verify#token=/);

    const token = await tokenInLetter(test, customer.user.id, 'verify-email');
    expect((await verify(token)).status).toBe(204);
    expect(await isVerified(customer)).toBe(true);
    expectProblem(await verify(token), 400, 'INVALID_TOKEN');
  });

  it('is asked of an address without the name that somebody registered it under, and may have to be read by others', async () => {
    const [firstName, lastName] = ['500 € pour vous : https://evil.example', 'www.evil.example'];
    const { user } = await registerCustomer(test, { firstName, lastName });
    await test.client.post('/v1/auth/password/forgot', { email: user.email });
    for (const kind of ['verify-email', 'reset-password']) {
      const letter = await newestLetter(test, user.id, kind);
      expect(letter?.to).toEqual({ name: '', address: user.email });
      const { subject, html, text } = renderMail(letter!);
      expect(`${subject}${html}${text}`).not.toContain('evil');
      expect(text).toContain('Bonjour,\n');
    }
    await verify(await tokenInLetter(test, user.id, 'verify-email'));
    const letter = await newestLetter(test, user.id, 'reset-password');
    expect(letter?.to.name).toBe(`${firstName} ${lastName}`);
    expect(renderMail(letter!).text).toContain(`Bonjour ${firstName},`);
  });

  it('writes in the language that the person registered in', async () => {
    const { body } = await test.client.post<SessionBody>('/v1/auth/register', registration(), undefined, {
      'accept-language': 'en-GB',
    });
    expect(body.user['language']).toBe('en');
    expect((await newestLetter(test, body.user.id, 'verify-email'))?.language).toBe('en');
    await test.client.request('PATCH', '/v1/users/me', { token: body.accessToken, body: { language: 'fr' } });
    expect((await newestLetter(test, body.user.id, 'verify-email'))?.language).toBe('fr');
  });

  it('sends no such letter to accounts whose address an operator vouches for', async () => {
    const { user } = await signInAs(test, 'employee');
    expect(await waitingLetters(test, user.id, 'verify-email')).toEqual([]);
  });

  it('writes nothing any more, once the address is verified or the account archived', async () => {
    const [verified, archived] = [await registerCustomer(test), await registerCustomer(test)];
    await verify(await tokenInLetter(test, verified.user.id, 'verify-email'));
    await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [archived.user.id]);
    for (const { user } of [verified, archived]) {
      expect(await newestLetter(test, user.id, 'verify-email')).toBeUndefined();
    }
  });

  it('gives a letter that is tried again the same token', async () => {
    const { user } = await registerCustomer(test);
    const first = await tokenInLetter(test, user.id, 'verify-email');
    expect(await tokenInLetter(test, user.id, 'verify-email')).toBe(first);
  });

  it('keeps no token: neither the queue nor any table holds it', async () => {
    const { user } = await registerCustomer(test);
    const token = await tokenInLetter(test, user.id, 'verify-email');
    const [row] = await test.database.query<{ found: string }[]>(
      `SELECT (SELECT count(*) FROM mail_tokens t WHERE t::text LIKE '%' || $1 || '%')
            + (SELECT count(*) FROM letters j WHERE j::text LIKE '%' || $1 || '%') AS found`,
      [token],
    );
    expect(row).toEqual({ found: '0' });
  });

  it('refuses a token after 24 hours, and writes no letter with it', async () => {
    const { user } = await registerCustomer(test);
    const token = await tokenInLetter(test, user.id, 'verify-email');
    test.clock.moveBy(DAY_MS - 5000);
    expect(await tokenInLetter(test, user.id, 'verify-email')).toBe(token);
    test.clock.moveBy(5000);
    expectProblem(await verify(token), 400, 'INVALID_TOKEN');
    expect(await newestLetter(test, user.id, 'verify-email')).toBeUndefined();
  });

  it.each(['', 'x', 'A'.repeat(43), 'é'.repeat(43)])('refuses the token "%s"', async (token) => {
    expectProblem(await verify(token), 400, 'INVALID_TOKEN');
  });

  it('refuses a token that is no text, or is endless', async () => {
    expectProblem(await test.client.post('/v1/auth/email/verify', { token: 1 }), 400, 'VALIDATION_FAILED');
    expectProblem(await verify('A'.repeat(101)), 400, 'VALIDATION_FAILED');
  });

  it('takes no token of another purpose', async () => {
    const { user } = await registerCustomer(test);
    await test.client.post('/v1/auth/password/forgot', { email: user.email });
    expectProblem(await verify(await tokenInLetter(test, user.id, 'reset-password')), 400, 'INVALID_TOKEN');
  });

  it('sends the letter again on demand, but not without end; each of them works until one is used', async () => {
    const customer = await registerCustomer(test);
    for (let request = 1; request <= 2; request++) expect((await resend(customer)).status).toBe(202);
    const refused = await resend(customer);
    expectProblem(refused, 429, 'TOO_MANY_ATTEMPTS');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    const orders = await waitingLetters(test, customer.user.id, 'verify-email');
    expect(orders).toHaveLength(3);
    const tokens = await Promise.all(orders.map(tokenOf));
    expect(new Set(tokens).size).toBe(3);
    expect((await verify(tokens[0]!)).status).toBe(204);
    for (const token of tokens) expectProblem(await verify(token), 400, 'INVALID_TOKEN');
    // Nothing is left to prove.
    expect((await resend(customer)).status).toBe(202);
    expect(await waitingLetters(test, customer.user.id, 'verify-email')).toHaveLength(3);
  });

  async function tokenOf(order: MailOrder): Promise<string> {
    const letter = await test.app.get(MailKinds).find(order.kind)?.(order);
    return letter?.variables['link']?.split('#token=')[1] ?? '';
  }

  it('uses a token once, however many ask at the same moment', async () => {
    const { user } = await registerCustomer(test);
    const token = await tokenInLetter(test, user.id, 'verify-email');
    const answers = await Promise.all(Array.from({ length: 10 }, () => verify(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(9).fill(400)]);
  });
});
