import { performance } from 'node:perf_hooks';
import { registerCustomer } from '../support/builders';
import { startTestApp, type TestApp } from '../support/test-app';

const TRIES = 200;
const WARM_UP = 20;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

describe('The time that a refused sign-in takes', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp({ logLevel: 'warn' });
  });
  afterAll(async () => {
    await test.stop();
  });

  it('does not tell whether there is an account', async () => {
    const { user } = await registerCustomer(test);
    const emails = { known: user.email, unknown: `camille.${'0'.repeat(12)}@example.fr` };
    const times: Record<keyof typeof emails, number[]> = { known: [], unknown: [] };
    for (let n = 0; n < WARM_UP + TRIES; n++) {
      // One after the other, and each first in turn: whatever else the machine does happens to both.
      const order = n % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
      for (const which of order) {
        const from = performance.now();
        const { status } = await test.client.post('/v1/auth/login', {
          email: emails[which],
          password: 'a wrong guess',
        });
        const ms = performance.now() - from;
        expect(status).toBe(401);
        if (n >= WARM_UP) times[which].push(ms);
      }
    }
    const medians = { known: median(times.known), unknown: median(times.unknown) };
    expect(times.known).toHaveLength(TRIES);
    expect(Math.abs(medians.known / medians.unknown - 1)).toBeLessThan(0.1);
  });
});
