import { createContest, registerCustomer, signInAs, unplayedCodes } from '../support/builders';
import { startTestApp, type TestApp } from '../support/test-app';

describe('From a receipt to a prize in the hand (processes 1.1 and 1.2)', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('registers, plays, finds, checks and hands over', async () => {
    const contest = await createContest(test);
    const [code = ''] = await unplayedCodes(test, contest, 1);
    const customer = await registerCustomer(test);
    const employee = await signInAs(test, 'employee');

    const play = await test.client.post<Record<string, unknown>>('/v1/tickets/play', { code }, customer.accessToken);
    expect(play.status).toBe(200);
    expect(play.body).toMatchObject({
      ticket: { code, status: 'pending', claimEndsAt: contest.claimEndsAt.toISOString() },
      prize: { currency: 'EUR' },
    });
    const claimed = await test.client.post(
      `/v1/claims/${code}/validate`,
      { identityChecked: true },
      employee.accessToken,
    );
    expect(claimed.status).toBe(200);
    expect(claimed.body).toMatchObject({
      ticket: { code, status: 'claimed', claimedBy: { id: employee.user.id, firstName: 'Alix', lastName: 'Bernard' } },
    });
  });
});
