import { PASSWORD, registerCustomer, type SessionBody } from '../support/builders';
import { newestLetter, waitingLetters } from '../support/letters';
import { startTestApp, type TestApp } from '../support/test-app';

const FIREFOX_LINUX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const NEWER_FIREFOX_LINUX = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const SAFARI_IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';

describe('A sign-in from a device that the account was not used with', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp({ config: { webUrl: 'https://shop.example' } });
  });
  afterAll(async () => {
    await test.stop();
  });

  const login = (email: string, agent: string, password = PASSWORD) =>
    test.client.post<SessionBody>('/v1/auth/login', { email, password }, undefined, { 'user-agent': agent });
  const told = async (userId: string) => (await waitingLetters(test, userId, 'new-device')).length;

  it('is told to its owner, with device and time', async () => {
    const { user } = await registerCustomer(test);
    expect(await told(user.id)).toBe(0);
    await login(user.email, SAFARI_IPHONE);
    const letter = await newestLetter(test, user.id, 'new-device');
    expect(letter?.variables).toMatchObject({ device: 'Safari – iOS', link: 'https://shop.example/account/sessions' });
    expect(letter?.variables['when']).toContain(String(new Date().getFullYear()));
  });

  it('is told once for each device, whatever its version', async () => {
    const { user } = await registerCustomer(test);
    for (const agent of [FIREFOX_LINUX, FIREFOX_LINUX, NEWER_FIREFOX_LINUX]) await login(user.email, agent);
    expect(await told(user.id)).toBe(1);
    await login(user.email, SAFARI_IPHONE);
    await login(user.email, FIREFOX_LINUX);
    expect(await told(user.id)).toBe(2);
  });

  it('is told of a client without a name as well', async () => {
    const { user } = await registerCustomer(test);
    await login(user.email, FIREFOX_LINUX);
    await login(user.email, ' ');
    expect(await told(user.id)).toBe(2 - (await namelessBefore(user.id)));
  });

  /** Whether the registration itself came from a client without a name, which then is no new device. */
  async function namelessBefore(userId: string): Promise<number> {
    const [row] = await test.database.query<{ device: string | null }[]>(
      'SELECT device FROM sessions WHERE user_id = $1 ORDER BY created_at LIMIT 1',
      [userId],
    );
    return row?.device === null ? 1 : 0;
  }

  it('is not told where the password was wrong', async () => {
    const { user } = await registerCustomer(test);
    expect((await login(user.email, SAFARI_IPHONE, 'wrong-password-entirely')).status).toBe(401);
    expect(await told(user.id)).toBe(0);
  });
});
