import { DECK_ALGORITHM, DeckService, PrintRunService } from '@tiptop/game';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { queriesDuring } from '../support/query-spy';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;

interface ContestBody {
  id: string;
  slug: string;
  name: string;
  startsAt: string;
  endsAt: string;
  claimEndsAt: string;
  prizes: Record<string, unknown>[];
  fairness: { commitment: string | null; algorithm: string | null };
}

describe('GET /v1/contest', () => {
  let test: TestApp;

  beforeEach(async () => {
    test = await startTestApp();
  });
  afterEach(async () => {
    await test.stop();
  });

  const current = (): Promise<ApiResponse<ContestBody>> => test.client.get<ContestBody>('/v1/contest');
  const in_ = (days: number): Date => new Date(Date.now() + days * DAY_MS);

  it('says so where there is none, and finds the first one as soon as it is there', async () => {
    expect(expectProblem(await current(), 404, 'NO_CONTEST').detail).toMatch(/Aucun jeu-concours/);
    const english = await test.client.get('/v1/contest', undefined, { 'accept-language': 'en' });
    expect(expectProblem(english, 404, 'NO_CONTEST').detail).toMatch(/No contest/);
    const customer = await registerCustomer(test);
    expectProblem(await play(test, '222222222J', customer), 403, 'CONTEST_NOT_OPEN');
    expectProblem(await play(test, '222222222K', customer), 400, 'INVALID_CODE_FORMAT');
    const contest = await createContest(test, { tickets: 0 });
    expect((await current()).body.id).toBe(contest.id);
  });

  it('tells everybody all there is to know, and nothing that is to stay sealed', async () => {
    const contest = await createContest(test, { tickets: 100, slug: 'the-tip-top' });
    const answer = await current();
    expect(answer.status).toBe(200);
    const { body } = answer;
    const text = expect.stringMatching(/\S/) as string;
    expect(body).toEqual({
      id: contest.id,
      slug: 'the-tip-top',
      name: 'Jeu-concours Thé Tip Top',
      startsAt: contest.startsAt.toISOString(),
      endsAt: contest.endsAt.toISOString(),
      claimEndsAt: contest.claimEndsAt.toISOString(),
      prizes: [
        [0.6, 0],
        [0.2, 0],
        [0.1, 0],
        [0.06, 3900],
        [0.04, 6900],
      ].map(([share, valueCents]) => ({ id: text, name: text, description: text, valueCents, currency: 'EUR', share })),
      fairness: { commitment: expect.stringMatching(/^[0-9a-f]{64}$/) as string, algorithm: DECK_ALGORITHM },
    });
    const { commitment, holds } = await test.app.get(DeckService).verify(contest.id);
    expect(holds).toBe(true);
    expect(body.fairness.commitment).toBe(commitment);
    const [deck] = await test.database.query<Record<string, unknown>[]>(
      `SELECT encode(salt, 'hex') AS salt, encode(sealed_seed, 'hex') AS seed, key_fingerprint AS fingerprint FROM decks`,
    );
    for (const secret of Object.values(deck ?? {})) expect(JSON.stringify(body)).not.toContain(String(secret));
  });

  it('keeps its commitment from before the first play to after the last', async () => {
    const contest = await createContest(test, { tickets: 3 });
    const { commitment } = (await current()).body.fairness;
    const customer = await registerCustomer(test);
    for (const code of await unplayedCodes(test, contest, 3)) await play(test, code, customer);
    const after = await test.app.get(DeckService).verify(contest.id);
    expect(after).toMatchObject({ commitment, holds: true });
    expect((await current()).body.fairness.commitment).toBe(commitment);
  });

  it('has no commitment before there are tickets', async () => {
    await createContest(test, { tickets: 0 });
    expect((await current()).body.fairness).toEqual({ commitment: null, algorithm: null });
  });

  it('shows shares that add up, whatever the weights', async () => {
    const prize = { name: 'Lot', description: 'Un lot', valueCents: 100, currency: 'EUR' };
    await createContest(test, { tickets: 7, prizes: [1, 1, 1].map((weight) => ({ ...prize, weight })) });
    const shares = (await current()).body.prizes.map(({ share }) => Number(share));
    expect(shares).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  it('is the one that is open, else the next, else the last', async () => {
    await createContest(test, { tickets: 0, slug: 'past', startsAt: in_(-200) });
    expect((await current()).body.slug).toBe('past');
    await createContest(test, { tickets: 0, slug: 'far', startsAt: in_(300) });
    await createContest(test, { tickets: 0, slug: 'soon', startsAt: in_(100) });
    expect((await current()).body.slug).toBe('soon');
    await createContest(test, { tickets: 0, slug: 'open', startsAt: in_(-1) });
    expect((await current()).body.slug).toBe('open');

    test.clock.moveTo(in_(70));
    expect((await current()).body.slug).toBe('soon');
    test.clock.moveTo(in_(110));
    expect((await current()).body.slug).toBe('soon');
    test.clock.moveTo(in_(200));
    expect((await current()).body.slug).toBe('far');
    test.clock.moveTo(in_(1000));
    expect((await current()).body.slug).toBe('far');
  });

  it('shows within moments what an operator changed, though it is not read anew for each request', async () => {
    const contest = await createContest(test, { tickets: 0 });
    expect((await current()).body.name).toBe(contest.name);
    await test.database.query(`UPDATE contests SET name = 'Grand jeu d’hiver'`);
    const { body } = await retryUntil(current, ({ body: { name } }) => name !== contest.name);
    expect(body.name).toBe('Grand jeu d’hiver');
    const queries = await queriesDuring(() => Promise.all(Array.from({ length: 20 }, current)));
    expect(queries).toEqual([]);
  });

  it('asks for nobody’s token, and minds no wrong one', async () => {
    await createContest(test, { tickets: 0 });
    expect((await test.client.get('/v1/contest', 'nonsense')).status).toBe(200);
  });

  it('shows the new commitment when tickets are added before the start, and none are once it has begun', async () => {
    const contest = await createContest(test, { tickets: 10, startsAt: in_(1) });
    const first = (await current()).body.fairness.commitment;
    await test.app.get(PrintRunService).generate(contest.id, 5);
    const { body } = await retryUntil(current, ({ body: { fairness } }) => fairness.commitment !== first);
    expect(await test.app.get(DeckService).verify(contest.id)).toMatchObject({
      commitment: body.fairness.commitment,
      holds: true,
    });
    test.clock.moveTo(in_(2));
    await expect(test.app.get(PrintRunService).generate(contest.id, 5)).rejects.toMatchObject({
      code: 'PRINT_RUN_CLOSED',
    });
  });
});

/** What is held of the contests is read anew within moments; asks until it was. */
async function retryUntil<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (isRight(answer) || Date.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
