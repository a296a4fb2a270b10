import { Readable } from 'node:stream';
import { type Contest, ContestRegistry, PrintRunService } from '@tiptop/game';
import { createContest, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { expectDealtExactly } from '../support/deck-facts';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const CODES = ['0000000001', 'ABCDEFGHIJ', 'O0I1LU2Z5S', 'TIPTOP2026', '9999999999', 'UUUUUUUUUU', 'ILOVETEA00'];

describe('A contest whose codes came from a printer, without check characters', () => {
  let test: TestApp;
  let contest: Contest;
  let customer: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    contest = await createContest(test, { tickets: 0, checkedCodes: false });
    const csv = `code\n${CODES.slice(0, 5).join('\n')}\nuuu-uuu-uuuu\nilove tea00\n`;
    expect(await test.app.get(PrintRunService).import(contest.id, Readable.from([csv]))).toBe(CODES.length);
    await test.app.get(ContestRegistry).reload();
    customer = await registerCustomer(test);
  });
  afterAll(async () => {
    await test.stop();
  });

  it('refuses only what is not ten letters or digits', async () => {
    for (const typed of ['', 'ABCDEFGHI', 'ABCDEFGHIJK', 'ABCDE_GHIJ', 'ÀBCDEFGHIJ', 'ABCDEFGHI\u0000']) {
      expectProblem(await play(test, typed, customer), 400, 'INVALID_CODE_FORMAT');
    }
  });

  it('knows a well-formed code that is on no ticket for what it is', async () => {
    for (const typed of ['ABCDEFGHIK', '0000000000', '222222222J', '222222222K']) {
      expectProblem(await play(test, typed, customer), 404, 'TICKET_NOT_FOUND');
    }
  });

  it('is played, each code in either case, and comes out exactly', async () => {
    for (const [place, code] of CODES.entries()) {
      const typed = place % 2 === 0 ? code : `${code.slice(0, 3).toLowerCase()}-${code.slice(3)}`;
      const answer = await play(test, typed, customer);
      expect(answer.status).toBe(200);
      expect(answer.body.ticket.code).toBe(code);
      expectProblem(await play(test, typed, customer), 409, 'TICKET_ALREADY_PLAYED');
    }
    await expectDealtExactly(test, contest, CODES.length);
  });

  it('is handed over by the code as it is on the receipt', async () => {
    const employee = await signInAs(test, 'employee');
    const answer = await test.client.post(
      '/v1/claims/o0i1-lu2z5s/validate',
      { identityChecked: true },
      employee.accessToken,
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ ticket: { code: 'O0I1LU2Z5S', status: 'claimed' } });
  });
});
