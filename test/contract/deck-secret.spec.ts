import { createLogger } from '@tiptop/platform';
import { Service } from '../../apps/api/src/service';
import { createContest, registerCustomer, unplayedCodes } from '../support/builders';
import { startTestApp, type TestApp } from '../support/test-app';

const ANOTHER_SECRET = 'a secret that sealed no deck at all, of a good length';

describe('A service whose DECK_SECRET is not the one that sealed the deck', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('does not start, names the setting and the contest, and tells no value', async () => {
    const contest = await createContest(test, { tickets: 10 });
    const config = test.config.with({ deckSecret: ANOTHER_SECRET });
    const start = Service.start(config, createLogger('silent'), () => undefined);
    const error = await start.then(
      () => new Error('It started'),
      (reason: unknown) => reason as Error,
    );
    expect(error.message).toContain('DECK_SECRET');
    expect(error.message).toContain(contest.slug);
    expect(error.message).not.toContain(ANOTHER_SECRET);
  });

  it('deals no card, if it runs all the same', async () => {
    const contest = await createContest(test, { tickets: 10 });
    const [code = ''] = await unplayedCodes(test, contest, 1);
    const { accessToken } = await registerCustomer(test);
    const replica = await test.replica({ deckSecret: ANOTHER_SECRET });
    const refused = await replica.client.post('/v1/tickets/play', { code }, accessToken);
    expect(refused.status).toBe(500);
    expect(await unplayedCodes(test, contest, 10)).toContain(code);
  });
});
