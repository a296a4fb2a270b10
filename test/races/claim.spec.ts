import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { play, withHands } from '../support/plays';
import { tally } from '../support/problem';
import type { ApiResponse } from '../support/api-client';
import { startTestApp, type TestApp } from '../support/test-app';

const ROUNDS = 25;

interface History {
  ticket: { status: string; claimedAt: string | null; claimedBy: { id: string } | null };
  history: { kind: string; at: string; actor: { id: string } }[];
}

describe('Two members of staff at once on one hand-over', () => {
  let test: TestApp;
  let replica: TestApp;
  let employees: SessionBody[];
  let admin: SessionBody;
  let codes: string[];

  beforeAll(async () => {
    test = await startTestApp();
    replica = await test.replica();
    employees = [await signInAs(test, 'employee'), await signInAs(test, 'employee')];
    admin = await signInAs(test, 'admin');
    const customer = await registerCustomer(test);
    const contest = await createContest(test, { tickets: 5 * ROUNDS });
    codes = await unplayedCodes(test, contest, 5 * ROUNDS);
    await withHands(8, codes, (code) => play(test, code, customer));
  });
  afterAll(async () => {
    await test.stop();
  });

  /** Tickets that are pending, each for one round. */
  const fresh = (): string[] => codes.splice(0, ROUNDS);

  const validate = (at: TestApp, code: string, by: SessionBody): Promise<ApiResponse> =>
    at.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, by.accessToken);
  const refuse = (at: TestApp, code: string, by: SessionBody): Promise<ApiResponse> =>
    at.client.post(`/v1/claims/${code}/refuse`, { reason: 'ID_MISSING' }, by.accessToken);
  const undo = (at: TestApp, code: string): Promise<ApiResponse> =>
    at.client.post(`/v1/claims/${code}/undo`, { reason: 'Remis par erreur' }, admin.accessToken);

  async function look(code: string): Promise<History> {
    return (await test.client.get<History>(`/v1/claims/${code}`, admin.accessToken)).body;
  }
  const kinds = ({ history }: History): string[] => history.map(({ kind }) => kind);

  it('hands a prize over once: one is told so, the other that it was done, and one act is recorded', async () => {
    for (const code of fresh()) {
      const answers = await Promise.all([
        validate(test, code, employees[0]!),
        validate(replica, code, employees[1]!),
        validate(test, code, employees[1]!),
        validate(replica, code, employees[0]!),
      ]);
      expect(tally(answers)).toEqual({ '200': 1, '409 TICKET_ALREADY_CLAIMED': 3 });
      const outcome = await look(code);
      expect(kinds(outcome)).toEqual(['played', 'validated']);
      const won = answers.findIndex(({ status }) => status === 200);
      const winner = employees[won === 0 || won === 3 ? 0 : 1]!;
      expect(outcome.ticket).toMatchObject({ status: 'claimed', claimedBy: { id: winner.user.id } });
      expect(outcome.history[1]?.actor.id).toBe(winner.user.id);
    }
  });

  it('never refuses what was handed over, and hands over whatever was refused before', async () => {
    for (const code of fresh()) {
      const [validated, refused] = await Promise.all([
        validate(test, code, employees[0]!),
        refuse(replica, code, employees[1]!),
      ]);
      // A refusal leaves the ticket pending: the hand-over succeeds whichever comes first.
      expect(validated.status).toBe(200);
      const outcome = await look(code);
      expect(outcome.ticket.status).toBe('claimed');
      expect(tally([refused])).toEqual(refused.status === 201 ? { '201': 1 } : { '409 TICKET_ALREADY_CLAIMED': 1 });
      expect(kinds(outcome).sort()).toEqual(
        refused.status === 201 ? ['played', 'refused', 'validated'] : ['played', 'validated'],
      );
    }
  });

  it('keeps status and history in step when a hand-over is undone and repeated at the same time', async () => {
    for (const code of fresh()) {
      expect((await validate(test, code, employees[0]!)).status).toBe(200);
      const [undone, ...validated] = await Promise.all([
        undo(replica, code),
        ...Array.from({ length: 6 }, (_, n) => validate(n % 2 === 0 ? test : replica, code, employees[1]!)),
      ]);
      expect(undone.status).toBe(200);
      const outcome = await look(code);
      if (validated.some(({ status }) => status === 200)) {
        expect(tally(validated)).toEqual({ '200': 1, '409 TICKET_ALREADY_CLAIMED': 5 });
        expect(kinds(outcome)).toEqual(['played', 'validated', 'undone', 'validated']);
        expect(outcome.ticket).toMatchObject({ status: 'claimed', claimedBy: { id: employees[1]!.user.id } });
      } else {
        expect(tally(validated)).toEqual({ '409 TICKET_ALREADY_CLAIMED': 6 });
        expect(kinds(outcome)).toEqual(['played', 'validated', 'undone']);
        expect(outcome.ticket).toMatchObject({ status: 'pending', claimedAt: null, claimedBy: null });
      }
    }
  });

  it('undoes a hand-over once', async () => {
    for (const code of fresh()) {
      await validate(test, code, employees[0]!);
      const answers = await Promise.all([undo(test, code), undo(replica, code), undo(test, code)]);
      expect(tally(answers)).toEqual({ '200': 1, '409 TICKET_NOT_CLAIMED': 2 });
      expect(kinds(await look(code))).toEqual(['played', 'validated', 'undone']);
    }
  });

  it('records each of several refusals at once', async () => {
    for (const code of fresh().slice(0, 5)) {
      const answers = await Promise.all(
        employees.flatMap((one) => [refuse(test, code, one), refuse(replica, code, one)]),
      );
      expect(tally(answers)).toEqual({ '201': 4 });
      expect(kinds(await look(code))).toEqual(['played', 'refused', 'refused', 'refused', 'refused']);
    }
  });

  it('leaves as many hand-overs and undoings in the record as the tickets show', async () => {
    const [row] = await test.database.query<{ off: string }[]>(
      `SELECT count(*) AS off FROM tickets t
       WHERE (SELECT count(*) FILTER (WHERE kind = 'validated') - count(*) FILTER (WHERE kind = 'undone')
              FROM claim_events e WHERE e.ticket_code = t.code) <> (t.status = 'claimed')::int`,
    );
    expect(Number(row?.off)).toBe(0);
    const lines = [...test.logLines(), ...replica.logLines()];
    expect(lines.filter(({ level, status }) => level === 'error' || Number(status) >= 500)).toEqual([]);
  });
});
