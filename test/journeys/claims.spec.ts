import { randomUUID } from 'node:crypto';
import type { Contest } from '@tiptop/game';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { secretsInLog } from '../support/log-scan';
import { play, type PlayBody, unknownCodes } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface ClaimBody {
  ticket: Record<string, unknown>;
  prize: Record<string, unknown> | null;
  player: Record<string, unknown> | null;
  history: Record<string, unknown>[];
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const instant = expect.stringMatching(INSTANT) as string;

describe('The hand-over of a prize', () => {
  let test: TestApp;
  let contest: Contest;
  let codes: string[];
  let customer: SessionBody;
  let employee: SessionBody;
  let colleague: SessionBody;
  let admin: SessionBody;
  let storeId: string;

  beforeAll(async () => {
    test = await startTestApp();
    contest = await createContest(test, { tickets: 60 });
    codes = await unplayedCodes(test, contest, 60);
    customer = await registerCustomer(test, { firstName: 'Zoé', lastName: 'Lefèvre', birthDate: '1988-02-29' });
    employee = await signInAs(test, 'employee', { firstName: 'Noé', lastName: 'Dubois' });
    colleague = await signInAs(test, 'employee', { firstName: 'Inès', lastName: 'Roche' });
    admin = await signInAs(test, 'admin', { firstName: 'Jeanne', lastName: 'Petit' });
    const [store] = await test.database.query<{ id: string }[]>(
      `INSERT INTO stores (name, city, created_at) VALUES ('Thé Tip Top', 'Nice', now()) RETURNING id`,
    );
    storeId = store!.id;
  });
  afterAll(async () => {
    await test.stop();
  });

  /** A code that the customer has just won with. */
  async function wonCode(player = customer): Promise<PlayBody> {
    const answer = await play(test, codes.pop(), player);
    expect(answer.status).toBe(200);
    return answer.body;
  }
  const act = (verb: string, code: string, body: unknown, by: SessionBody, headers = {}): Promise<ApiResponse> =>
    test.client.post(`/v1/claims/${code}/${verb}`, body, by.accessToken, headers);
  const validate = (code: string, by = employee, body: unknown = { identityChecked: true }): Promise<ApiResponse> =>
    act('validate', code, body, by);
  const refuse = (code: string, by = employee, body: unknown = { reason: 'ID_MISSING' }): Promise<ApiResponse> =>
    act('refuse', code, body, by);
  const undo = (code: string, by = admin, body: unknown = { reason: 'Mauvais lot remis' }): Promise<ApiResponse> =>
    act('undo', code, body, by);
  const look = (code: string, by = employee): Promise<ApiResponse<ClaimBody>> =>
    test.client.get<ClaimBody>(`/v1/claims/${code}`, by.accessToken);
  const staff = ({ user }: SessionBody): Record<string, unknown> => ({
    id: user.id,
    firstName: user['firstName'],
    lastName: user['lastName'],
  });

  /** A ticket as it stands in the database. */
  async function row(code: string): Promise<Record<string, unknown>> {
    const [found] = await test.database.query<Record<string, unknown>[]>(
      `SELECT status, claimed_by, claimed_at, store_id,
         (SELECT count(*)::int FROM claim_events WHERE ticket_code = code) AS events FROM tickets WHERE code = $1`,
      [code],
    );
    return found!;
  }

  describe('GET /v1/claims/{code}', () => {
    it('shows the ticket, the prize, the person and what happened', async () => {
      const { ticket, prize } = await wonCode();
      const { status, body } = await look(ticket.code);
      expect(status).toBe(200);
      expect(body).toEqual({
        ticket: {
          code: ticket.code,
          status: 'pending',
          playedAt: ticket.playedAt,
          claimEndsAt: ticket.claimEndsAt,
          expired: false,
          claimedAt: null,
          claimedBy: null,
          storeId: null,
        },
        prize,
        player: { firstName: 'Zoé', lastName: 'Lefèvre', birthDate: '1988-02-29', email: customer.user.email },
        history: [
          { kind: 'played', at: ticket.playedAt, actor: staff(customer), reason: null, note: null, storeId: null },
        ],
      });
    });

    it('shows an unplayed ticket without prize or person: nobody can know what it will win', async () => {
      const code = codes.pop() ?? '';
      expect((await look(code)).body).toEqual({
        ticket: {
          code,
          status: 'unclaimed',
          playedAt: null,
          claimEndsAt: contest.claimEndsAt.toISOString(),
          expired: false,
          claimedAt: null,
          claimedBy: null,
          storeId: null,
        },
        prize: null,
        player: null,
        history: [],
      });
    });

    it('takes the code as people type it', async () => {
      const { code } = (await wonCode()).ticket;
      for (const typed of [
        code.toLowerCase(),
        `${code.slice(0, 5)}-${code.slice(5)}`,
        `${code.slice(0, 5)}%20${code.slice(5)}`,
      ]) {
        expect((await look(typed)).body.ticket['code']).toBe(code);
      }
    });

    it('knows no other tickets, and no texts that are no code', async () => {
      for (const code of [unknownCodes(1)[0]!, 'ABC', '%00', '2222222222%00', "';--", '%F0%9F%8D%B5', 'A'.repeat(90)]) {
        expectProblem(await look(code), 404, 'TICKET_NOT_FOUND');
        expectProblem(await validate(code), 404, 'TICKET_NOT_FOUND');
        expectProblem(await refuse(code), 404, 'TICKET_NOT_FOUND');
        expectProblem(await undo(code), 404, 'TICKET_NOT_FOUND');
      }
    });
  });

  describe('POST …/validate', () => {
    it('hands the prize over, by name and at a time', async () => {
      const { ticket, prize } = await wonCode();
      const before = Date.now();
      const { status, body } = await validate(ticket.code);
      expect(status).toBe(200);
      expect(body).toEqual({
        ticket: {
          code: ticket.code,
          status: 'claimed',
          playedAt: ticket.playedAt,
          claimEndsAt: ticket.claimEndsAt,
          expired: false,
          claimedAt: instant,
          claimedBy: staff(employee),
          storeId: null,
        },
        prize,
      });
      const claimedAt = new Date((body as { ticket: { claimedAt: string } }).ticket.claimedAt).getTime();
      expect(claimedAt).toBeGreaterThanOrEqual(before);
      expect(claimedAt).toBeLessThanOrEqual(Date.now());
      expect((await look(ticket.code)).body.history.slice(1)).toEqual([
        { kind: 'validated', at: instant, actor: staff(employee), reason: null, note: null, storeId: null },
      ]);
    });

    it('records the shop', async () => {
      const { code } = (await wonCode()).ticket;
      const answer = await validate(code, employee, { identityChecked: true, storeId });
      expect(answer.body).toMatchObject({ ticket: { storeId } });
      expect((await look(code)).body.history[1]).toMatchObject({ kind: 'validated', storeId });
    });

    it('is for admins as well', async () => {
      expect((await validate((await wonCode()).ticket.code, admin)).status).toBe(200);
    });

    it('happens once, whoever asks again', async () => {
      const { code } = (await wonCode()).ticket;
      await validate(code);
      const first = await row(code);
      for (const by of [employee, colleague, admin]) {
        expectProblem(await validate(code, by), 409, 'TICKET_ALREADY_CLAIMED');
        expectProblem(await refuse(code, by), 409, 'TICKET_ALREADY_CLAIMED');
      }
      expect(await row(code)).toEqual(first);
    });

    it.each([
      ['said to be unchecked', { identityChecked: false }],
      ['not mentioned', {}],
    ])('wants the identity checked: %s', async (_, body) => {
      const { code } = (await wonCode()).ticket;
      expectProblem(await validate(code, employee, body), 400, 'IDENTITY_NOT_CHECKED');
      expect(await row(code)).toMatchObject({ status: 'pending', claimed_by: null, events: 0 });
    });

    it('has nothing to hand over of an unplayed ticket', async () => {
      const code = codes[0] ?? '';
      expectProblem(await validate(code), 409, 'TICKET_NOT_PENDING');
      expectProblem(await refuse(code), 409, 'TICKET_NOT_PENDING');
      expect(await row(code)).toMatchObject({ status: 'unclaimed', events: 0 });
    });

    it('knows the shops there are', async () => {
      const { code } = (await wonCode()).ticket;
      const unknown = await validate(code, employee, { identityChecked: true, storeId: randomUUID() });
      expectProblem(unknown, 404, 'STORE_NOT_FOUND');
      expect(await row(code)).toMatchObject({ status: 'pending', store_id: null, events: 0 });
      for (const bad of ['', 'Nice', 5, null, [storeId]]) {
        expectInvalid(await validate(code, employee, { identityChecked: true, storeId: bad }), 'storeId');
      }
    });

    it('refuses bodies of another form', async () => {
      const { code } = (await wonCode()).ticket;
      for (const bad of ['true', 1, null, [true]]) {
        expectInvalid(await validate(code, employee, { identityChecked: bad }), 'identityChecked');
      }
      expectInvalid(await validate(code, employee, { identityChecked: true, claimedBy: admin.user.id }), 'claimedBy');
      expectInvalid(await validate(code, employee, { identityChecked: true, at: 1, code }), 'at', 'code');
      expect(await row(code)).toMatchObject({ status: 'pending', events: 0 });
    });
  });

  describe('to oneself', () => {
    it('is refused: who won as a customer and joined the staff asks a colleague', async () => {
      const insider = await registerCustomer(test);
      const { code } = (await wonCode(insider)).ticket;
      expectProblem(await validate(code, insider), 403, 'FORBIDDEN');
      for (const role of ['employee', 'admin']) {
        await test.database.query('UPDATE users SET role = $2 WHERE id = $1', [insider.user.id, role]);
        expectProblem(await validate(code, insider), 403, 'SELF_CLAIM');
        expectProblem(await refuse(code, insider), 403, 'SELF_CLAIM');
      }
      expect(await row(code)).toMatchObject({ status: 'pending', claimed_by: null, events: 0 });
      expect((await validate((await wonCode()).ticket.code, insider)).status).toBe(200);
      expect((await validate(code, colleague)).status).toBe(200);
    });
  });

  describe('POST …/refuse', () => {
    it.each(['ID_MISSING', 'ID_MISMATCH', 'OTHER'])('records %s and leaves the prize waiting', async (reason) => {
      const { ticket, prize } = await wonCode();
      const { status, body } = await refuse(ticket.code, employee, {
        reason,
        note: 'Carte d’identité périmée\nÀ revoir',
      });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        ticket: { code: ticket.code, status: 'pending', claimedAt: null, claimedBy: null },
        prize,
      });
      expect((await look(ticket.code)).body.history.slice(1)).toEqual([
        {
          kind: 'refused',
          at: instant,
          actor: staff(employee),
          reason,
          note: 'Carte d’identité périmée\nÀ revoir',
          storeId: null,
        },
      ]);
      expect((await refuse(ticket.code, colleague, { reason })).status).toBe(201);
      expect((await validate(ticket.code)).status).toBe(200);
      expect((await look(ticket.code)).body.history.map(({ kind }) => kind)).toEqual([
        'played',
        'refused',
        'refused',
        'validated',
      ]);
    });

    it('refuses bodies of another form', async () => {
      const { code } = (await wonCode()).ticket;
      for (const reason of [undefined, '', 'id_missing', 'BORED', 1, null, ['OTHER']]) {
        expectInvalid(await refuse(code, employee, { reason }), 'reason');
      }
      for (const note of [5, null, {}, 'x'.repeat(501), 'zero\u0000byte']) {
        expectInvalid(await refuse(code, employee, { reason: 'OTHER', note }), 'note');
      }
      expectInvalid(await refuse(code, employee, { reason: 'OTHER', identityChecked: true }), 'identityChecked');
      expect(await row(code)).toMatchObject({ status: 'pending', events: 0 });
    });
  });

  describe('POST …/undo', () => {
    it('takes a hand-over back, which can then be done again; the history keeps all of it', async () => {
      const { ticket, prize } = await wonCode();
      await refuse(ticket.code, colleague, { reason: 'ID_MISMATCH', note: 'Autre nom' });
      await validate(ticket.code, employee, { identityChecked: true, storeId });
      const undone = await undo(ticket.code, admin, { reason: '  Remis à la mauvaise personne ' });
      expect(undone.status).toBe(200);
      expect(undone.body).toEqual({
        ticket: {
          code: ticket.code,
          status: 'pending',
          playedAt: ticket.playedAt,
          claimEndsAt: ticket.claimEndsAt,
          expired: false,
          claimedAt: null,
          claimedBy: null,
          storeId: null,
        },
        prize,
      });
      expect((await validate(ticket.code, colleague)).body).toMatchObject({
        ticket: { status: 'claimed', claimedBy: staff(colleague), storeId: null },
        prize,
      });
      const { history } = (await look(ticket.code)).body;
      const none = { reason: null, note: null, storeId: null };
      expect(history).toEqual([
        { ...none, kind: 'played', at: ticket.playedAt, actor: staff(customer) },
        { ...none, kind: 'refused', at: instant, actor: staff(colleague), reason: 'ID_MISMATCH', note: 'Autre nom' },
        { ...none, kind: 'validated', at: instant, actor: staff(employee), storeId },
        { ...none, kind: 'undone', at: instant, actor: staff(admin), reason: 'Remis à la mauvaise personne' },
        { ...none, kind: 'validated', at: instant, actor: staff(colleague) },
      ]);
      const times = history.map(({ at }) => String(at));
      expect(times).toEqual([...times].sort());
    });

    it('has nothing to take back where nothing was handed over', async () => {
      const { code } = (await wonCode()).ticket;
      expectProblem(await undo(code), 409, 'TICKET_NOT_CLAIMED');
      expectProblem(await undo(codes[0] ?? ''), 409, 'TICKET_NOT_CLAIMED');
      await validate(code);
      expect((await undo(code)).status).toBe(200);
      expectProblem(await undo(code), 409, 'TICKET_NOT_CLAIMED');
      expect(await row(code)).toMatchObject({ status: 'pending', events: 2 });
    });

    it('wants a reason', async () => {
      const { code } = (await wonCode()).ticket;
      await validate(code);
      for (const reason of [undefined, '', '   ', 5, null, 'x'.repeat(501), 'zero\u0000byte']) {
        expectInvalid(await undo(code, admin, { reason }), 'reason');
      }
      expectInvalid(await undo(code, admin, { reason: 'Erreur', note: 'x' }), 'note');
      expect(await row(code)).toMatchObject({ status: 'claimed', events: 1 });
    });
  });

  describe('is for staff', () => {
    it('neither customers nor strangers see or do any of it', async () => {
      const { code } = (await wonCode()).ticket;
      const calls = (token?: string): Promise<ApiResponse>[] => [
        test.client.get('/v1/claims', token),
        test.client.get(`/v1/claims/${code}`, token),
        test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, token),
        test.client.post(`/v1/claims/${code}/refuse`, { reason: 'OTHER' }, token),
        test.client.post(`/v1/claims/${code}/undo`, { reason: 'x' }, token),
      ];
      for (const answer of await Promise.all(calls())) expectProblem(answer, 401, 'UNAUTHENTICATED');
      for (const answer of await Promise.all(calls(customer.accessToken))) expectProblem(answer, 403, 'FORBIDDEN');
      expect(await row(code)).toMatchObject({ status: 'pending', events: 0 });
    });

    it('taking back is for admins alone', async () => {
      const { code } = (await wonCode()).ticket;
      await validate(code);
      expectProblem(await undo(code, employee), 403, 'FORBIDDEN');
      expect(await row(code)).toMatchObject({ status: 'claimed', events: 1 });
    });

    it('who was demoted or archived can’t from the next request on', async () => {
      const { code } = (await wonCode()).ticket;
      const former = await signInAs(test, 'employee');
      expect((await look(code, former)).status).toBe(200);
      await test.database.query(`UPDATE users SET role = 'customer' WHERE id = $1`, [former.user.id]);
      expectProblem(await validate(code, former), 403, 'FORBIDDEN');
      await test.database.query(`UPDATE users SET role = 'employee', is_active = false WHERE id = $1`, [
        former.user.id,
      ]);
      expectProblem(await validate(code, former), 403, 'ACCOUNT_ARCHIVED');
      expect(await row(code)).toMatchObject({ status: 'pending', events: 0 });
    });
  });

  it('explains itself in French, and in English to whoever asks for it', async () => {
    const unplayed = codes[0] ?? '';
    const [pending, claimed] = [(await wonCode()).ticket.code, (await wonCode()).ticket.code];
    await validate(claimed);
    const checked = { identityChecked: true };
    const cases: [string, Parameters<typeof act>, RegExp, RegExp][] = [
      ['IDENTITY_NOT_CHECKED', ['validate', pending, {}, employee], /pièce d’identité/, /identity document/],
      ['TICKET_NOT_PENDING', ['validate', unplayed, checked, employee], /pas encore été joué/, /not been played/],
      ['TICKET_ALREADY_CLAIMED', ['validate', claimed, checked, employee], /déjà été remis/, /already been handed/],
      ['TICKET_NOT_CLAIMED', ['undo', pending, { reason: 'x' }, admin], /rien à annuler/, /nothing to undo/],
      ['TICKET_NOT_FOUND', ['validate', unknownCodes(1)[0]!, checked, employee], /Aucun ticket/, /No ticket/],
      ['STORE_NOT_FOUND', ['validate', pending, { ...checked, storeId: randomUUID() }, employee], /magasin/, /shop/],
      ['FORBIDDEN', ['validate', pending, checked, customer], /ne permet pas/, /does not allow/],
    ];
    for (const [code, [verb, ticket, body, by], french, english] of cases) {
      const inFrench = await act(verb, ticket, body, by);
      expect(expectProblem(inFrench, inFrench.status, code).detail).toMatch(french);
      const inEnglish = await act(verb, ticket, body, by, { 'accept-language': 'en-GB' });
      expect(expectProblem(inEnglish, inFrench.status, code).detail).toMatch(english);
    }
  });

  it('leaves no code, e-mail address, password or token in the log', async () => {
    const tokens = [customer, employee, admin].flatMap((one) => [one.accessToken, one.refreshToken]);
    expect(await secretsInLog([test], tokens)).toEqual([]);
  });
});
