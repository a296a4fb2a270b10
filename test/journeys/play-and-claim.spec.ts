import { createContest, PASSWORD, registration, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { expectDeckHolds } from '../support/deck-facts';
import { play, unknownCodes } from '../support/plays';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface ClaimItem {
  code: string;
  status: string;
}

/** The two main journeys, box by box as the process diagrams draw them. */
describe('From a receipt to a prize in the hand (processes 1.1 and 1.2)', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('registers, signs in, plays, is found, checked and given the prize', async () => {
    const { client } = test;
    const contest = await createContest(test);
    const [code = '', playedByOther = ''] = await unplayedCodes(test, contest, 2);
    const person = registration({ firstName: 'Chloé', lastName: 'Garnier', birthDate: '1992-11-03' });

    // 1.1 Not signed in; a wrong password is told, the right one opens a session.
    expectProblem(await client.post('/v1/tickets/play', { code }), 401, 'UNAUTHENTICATED');
    const registered = await client.post<SessionBody>('/v1/auth/register', person);
    expect(registered.status).toBe(201);
    const { email } = registered.body.user;
    const wrong = await client.post('/v1/auth/login', { email, password: `${PASSWORD}!` });
    expectProblem(wrong, 401, 'INVALID_CREDENTIALS');
    const { status, body: customer } = await client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD });
    expect(status).toBe(200);

    // The code is checked for typing errors, then for existence, then for having been played.
    const other = await client.post<SessionBody>('/v1/auth/register', registration());
    expect((await play(test, playedByOther, other.body)).status).toBe(200);
    expectProblem(await play(test, code.slice(0, 9), customer), 400, 'INVALID_CODE_FORMAT');
    expectProblem(await play(test, unknownCodes(1)[0], customer), 404, 'TICKET_NOT_FOUND');
    expectProblem(await play(test, playedByOther, customer), 409, 'TICKET_ALREADY_PLAYED');

    // The ticket gets a prize, its player and the status pending; the customer sees which prize.
    const won = await play(test, code, customer);
    expect(won.status).toBe(200);
    expect(won.body).toMatchObject({
      ticket: { code, status: 'pending', claimEndsAt: contest.claimEndsAt.toISOString() },
      prize: { currency: 'EUR' },
    });
    const mine = await client.get<{ items: ClaimItem[] }>('/v1/users/me/tickets', customer.accessToken);
    expect(mine.body.items).toEqual([{ ...won.body.ticket, claimedAt: null, expired: false, prize: won.body.prize }]);

    // 1.2 Only an employee gets to the list; the ticket is in it, and is found by its code.
    expectProblem(await client.get('/v1/claims', customer.accessToken), 403, 'FORBIDDEN');
    const employee = await signInAs(test, 'employee');
    const list = await client.get<{ items: ClaimItem[] }>('/v1/claims?search=chloe', employee.accessToken);
    expect(list.body.items.map((item) => item.code)).toEqual([code]);
    expectProblem(await client.get(`/v1/claims/${unknownCodes(1)[0]!}`, employee.accessToken), 404, 'TICKET_NOT_FOUND');
    const details = await client.get(`/v1/claims/${code.toLowerCase()}`, employee.accessToken);
    expect(details.body).toMatchObject({
      ticket: { code, status: 'pending' },
      prize: won.body.prize,
      player: { firstName: 'Chloé', lastName: 'Garnier', birthDate: '1992-11-03', email },
    });

    // Without a matching identity document it is refused and stays pending; with one it is handed over.
    const refused = await client.post(`/v1/claims/${code}/refuse`, { reason: 'ID_MISSING' }, employee.accessToken);
    expect(refused.status).toBe(201);
    expect(refused.body).toMatchObject({ ticket: { status: 'pending' } });
    const validated = await client.post<{ ticket: { claimedAt: string } }>(
      `/v1/claims/${code}/validate`,
      { identityChecked: true },
      employee.accessToken,
    );
    expect(validated.status).toBe(200);
    expect(validated.body).toMatchObject({
      ticket: { code, status: 'claimed', claimedBy: { id: employee.user.id, firstName: 'Alix', lastName: 'Bernard' } },
      prize: won.body.prize,
    });

    // The record names the employee and the time; the customer sees the prize as fetched; nobody is waiting any more.
    const [row] = await test.database.query<{ status: string; by: string; at: Date }[]>(
      'SELECT status, claimed_by AS by, claimed_at AS at FROM tickets WHERE code = $1',
      [code],
    );
    expect(row).toEqual({ status: 'claimed', by: employee.user.id, at: new Date(validated.body.ticket.claimedAt) });
    const after = await client.get<{ items: ClaimItem[] }>('/v1/users/me/tickets', customer.accessToken);
    expect(after.body.items[0]).toMatchObject({ status: 'claimed', claimedAt: validated.body.ticket.claimedAt });
    const waiting = await client.get<{ items: ClaimItem[] }>('/v1/claims', employee.accessToken);
    expect(waiting.body.items.map((item) => item.code)).toEqual([playedByOther]);
    await expectDeckHolds(test, contest);
  });
});
