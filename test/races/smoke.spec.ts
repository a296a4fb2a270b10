import { CounterVerification } from '@tiptop/game';
import { createContest, registerCustomers, signInAs, unplayedCodes } from '../support/builders';
import { expectDealtExactly } from '../support/deck-facts';
import { play, withHands } from '../support/plays';
import { tally } from '../support/problem';
import { smokeBench } from '../support/smoke-stage';
import { statistics } from '../support/statistics';
import { startTestApp } from '../support/test-app';

describe('Smoke journeys while customers play', () => {
  it('take no card of theirs: 16 customers play a contest to its end, and each prize comes out as announced', async () => {
    const TICKETS = 640;
    const test = await startTestApp();
    const bench = await smokeBench(test.config);
    try {
      const contest = await createContest(test, { tickets: TICKETS });
      const codes = await unplayedCodes(test, contest, TICKETS);
      const customers = await registerCustomers(test, 16);
      const admin = await signInAs(test, 'admin');
      const end = new AbortController();
      const journeys = (async () => {
        let passed = 0;
        do {
          const { steps } = await bench.smoke(test.client.url);
          expect(steps.every(({ status }) => status === 'passed')).toBe(true);
          passed++;
        } while (!end.signal.aborted);
        return passed;
      })();
      const answers = await withHands(16, codes, (code, place) => play(test, code, customers[place % 16]!));
      end.abort();
      expect(await journeys).toBeGreaterThan(0);
      expect(tally(answers)).toEqual({ '200': TICKETS });
      await expectDealtExactly(test, contest, TICKETS);
      expect(await statistics(test, admin)).toMatchObject({ participants: 16, participations: { total: TICKETS } });
      expect(await test.app.get(CounterVerification).verify()).toMatchObject({ holds: true });
    } finally {
      await bench.close();
      await test.stop();
    }
  });
});
