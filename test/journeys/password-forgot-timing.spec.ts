import { registerCustomer } from '../support/builders';
import { expectEqualMedians } from '../support/timing';
import { startTestApp, type TestApp } from '../support/test-app';

describe('The time that asking for a new password takes', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('does not tell who has an account: medians over 200 tries each are within a tenth', async () => {
    const { user } = await registerCustomer(test);
    const ask = async (email: string): Promise<void> => {
      expect((await test.client.post('/v1/auth/password/forgot', { email })).status).toBe(202);
    };
    await expectEqualMedians(
      () => ask(user.email),
      (turn) => ask(`nobody.${turn.toString()}@example.fr`),
    );
  });
});
