import type { Contest } from '@tiptop/game';
import type { ApiResponse } from '../support/api-client';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { composed, waitingLetters } from '../support/letters';
import { secretsInLog } from '../support/log-scan';
import { letterIn, lettersIn, TEST_MAIL } from '../support/mail-folder';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { RawPlay } from '../support/raw-play';
import { startTestApp, type TestApp } from '../support/test-app';

/** Formatting puts no-break spaces where a typist puts spaces, and plain text breaks its lines. */
const plain = (text: string) => text.replace(/\s+/g, ' ');

const BOX = { name: 'Coffret découverte', description: 'Un coffret', valueCents: 3900, currency: 'EUR', weight: 1 };

const validate = (
  { client }: TestApp,
  employee: SessionBody,
  code: string,
  body: Record<string, unknown> = {},
): Promise<ApiResponse> =>
  client.post(`/v1/claims/${code}/validate`, { identityChecked: true, ...body }, employee.accessToken);

describe('Letters of the contest', () => {
  let test: TestApp;
  let contest: Contest;
  let employee: SessionBody;
  let storeId: string;

  beforeAll(async () => {
    test = await startTestApp({ config: { mail: TEST_MAIL, webUrl: 'https://www.the-tip-top.example' } });
    contest = await createContest(test, { prizes: [BOX], startsAt: new Date('2026-11-01T09:00:00Z') });
    test.clock.moveTo(new Date('2026-11-20T09:00:00Z'));
    employee = await signInAs(test, 'employee');
    const [store] = await test.database.query<{ id: string }[]>(
      `INSERT INTO stores (name, city, created_at) VALUES ('Thé Tip Top Étoile', 'Nice', now()) RETURNING id`,
    );
    storeId = store!.id;
  });
  afterAll(async () => {
    await test.stop();
  });

  async function customer(fields: Record<string, unknown>): Promise<SessionBody> {
    const { language = 'fr', ...person } = fields;
    const session = await registerCustomer(test, person);
    await test.client.request('PATCH', '/v1/users/me', { token: session.accessToken, body: { language } });
    return session;
  }
  async function win(player: SessionBody): Promise<string> {
    const [code = ''] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, player)).status).toBe(200);
    return code;
  }
  const queued = async (kind: string, code: string): Promise<number> => {
    const [row] = await test.database.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM letters WHERE kind = $1 AND data->>'code' = $2`,
      [kind, code],
    );
    return row!.count;
  };

  it('a winner is told in French what they won, by which code, until when, where, and what to bring', async () => {
    const player = await customer({ firstName: 'Zoé', lastName: 'Lefèvre' });
    const code = await win(player);
    const letter = await letterIn(test, player.user.id, 'prize-won');
    expect(letter.subject).toBe('Bravo Zoé, vous avez gagné : Coffret découverte');
    const text = plain(letter.text);
    expect(text).toContain('Bonjour Zoé,');
    expect(text).toContain(
      `Votre ticket ${code} est gagnant. Votre lot : Coffret découverte, d’une valeur de 39,00 €.`,
    );
    // Sixty days after the contest's beginning, in Paris.
    expect(text).toContain('jusqu’au jeudi 31 décembre 2026 à 10:00 dans l’une de nos boutiques');
    expect(text).toContain('Thé Tip Top Étoile (Nice)');
    expect(text).toContain('une pièce d’identité');
    expect(text).toContain('https://www.the-tip-top.example');
    expect(letter.html).toMatch(/^<!DOCTYPE html>\s*<html lang="fr"/);
    expect(letter.html).toContain(`<strong>${code}</strong>`);
    expect(letter.html).not.toMatch(/\{\{|<img|<link|src=/);
    expect(letter.header('to')).toContain(`<${player.user.email}>`);
    expect(letter.header('from')).toContain('<ne-pas-repondre@the-tip-top.example>');
    expect(letter.header('auto-submitted')).toBe('auto-generated');
    expect(letter.messageId).toMatch(/^<[0-9a-f-]{36}@the-tip-top\.example>$/);
  });

  it('an English reader is told in English', async () => {
    const player = await customer({ firstName: 'Amy', lastName: 'O’Neil', language: 'en' });
    const code = await win(player);
    const letter = await letterIn(test, player.user.id, 'prize-won');
    expect(letter.subject).toBe('Well done Amy, you have won: Coffret découverte');
    const text = plain(letter.text);
    expect(text).toContain(`Your ticket ${code} is a winner. Your prize: Coffret découverte, worth €39.00.`);
    expect(text).toMatch(/until Thursday,? 31 December 2026 at 10:00 in one of our shops/);
    expect(text).toContain('an identity document');
    expect(letter.html).toContain('<html lang="en"');
  });

  it('the reader’s language is the one they have when the letter leaves', async () => {
    const player = await customer({ firstName: 'Noa', lastName: 'Petit' });
    const [code = ''] = await unplayedCodes(test, contest, 1);
    const raw = await RawPlay.begin(test, contest, code, player.user.id);
    await test.database.query(`UPDATE users SET language = 'en' WHERE id = $1`, [player.user.id]);
    await raw.commit();
    expect((await letterIn(test, player.user.id, 'prize-won')).subject).toMatch(/^Well done Noa/);
  });

  it('a play that is rolled back, lost or refused tells nobody', async () => {
    const [winner, loser] = [await customer({ firstName: 'Max' }), await customer({ firstName: 'Lou' })];
    const [undone = '', vanished = '', code = ''] = await unplayedCodes(test, contest, 3);
    const rolledBack = await RawPlay.begin(test, contest, undone, loser.user.id);
    expect(rolledBack.won).toBe(true);
    await rolledBack.rollback();
    const cut = await RawPlay.begin(test, contest, vanished, loser.user.id);
    expect(cut.won).toBe(true);
    await cut.vanish();
    expect((await play(test, code, winner)).status).toBe(200);
    expectProblem(await play(test, code, loser), 409, 'TICKET_ALREADY_PLAYED');
    expectProblem(await play(test, 'ABCDEFGHJK', loser), 400, 'INVALID_CODE_FORMAT');
    await letterIn(test, winner.user.id, 'prize-won');
    expect([await queued('prize-won', undone), await queued('prize-won', vanished)]).toEqual([0, 0]);
    expect(await queued('prize-won', code)).toBe(1);
    expect(lettersIn(test, loser.user.id, 'prize-won')).toEqual([]);
  });

  it('a play sent twice under one key tells its winner once', async () => {
    const player = await customer({ firstName: 'Ida' });
    const [code = ''] = await unplayedCodes(test, contest, 1);
    const answers = await Promise.all([1, 2, 3].map(() => play(test, code, player, { 'idempotency-key': 'once' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await queued('prize-won', code)).toBe(1);
  });

  it('the end of a deck tells its winners as well', async () => {
    const small = await createContest(test, { prizes: [BOX], tickets: 3, startsAt: test.clock.now() });
    const codes = await unplayedCodes(test, small, 3);
    const player = await customer({ firstName: 'Eva' });
    // A play that fails after it drew its card leaves that card for the end.
    await (await RawPlay.begin(test, small, codes[0]!, player.user.id)).rollback();
    for (const code of codes) expect((await play(test, code, player)).status).toBe(200);
    expect(await Promise.all(codes.map((code) => queued('prize-won', code)))).toEqual([1, 1, 1]);
  });

  it('whoever was handed a prize is told when and where', async () => {
    const player = await customer({ firstName: 'Léa', language: 'en' });
    const code = await win(player);
    test.clock.moveTo(new Date('2026-11-20T09:07:00Z'));
    expect((await validate(test, employee, code, { storeId })).status).toBe(200);
    const letter = await letterIn(test, player.user.id, 'prize-handed-over');
    expect(letter.subject).toBe('Your prize was handed over: Coffret découverte');
    expect(plain(letter.text)).toMatch(
      /handed over to you on Friday,? 20 November 2026 at 10:07 in our shop Thé Tip Top Étoile \(Nice\)\./,
    );
    expect(letter.text).toContain(code);
  });

  it('a hand-over that is refused is not told', async () => {
    const player = await customer({ firstName: 'Tom' });
    const code = await win(player);
    expectProblem(await validate(test, employee, code, { storeId: player.user.id }), 404, 'STORE_NOT_FOUND');
    expect(await queued('prize-handed-over', code)).toBe(0);
  });

  it('no code, name or address stands in the log or in the queue', async () => {
    expect(await secretsInLog([test], ['Zoé', 'Lefèvre', PASSWORD])).toEqual([]);
    const [row] = await test.database.query<{ text: string }[]>(
      `SELECT string_agg(row_to_json(j)::text, ' ') AS text FROM pgboss.job j`,
    );
    expect(row!.text).not.toMatch(/@example|Zoé|Lefèvre|Tom/);
  });
});

describe('Letters of the contest, before they leave', () => {
  const KIND = 'prize-handed-over';
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('a hand-over that is taken back is not told, and of several it is the last', async () => {
    const contest = await createContest(test, { prizes: [BOX] });
    const [player, employee] = [await registerCustomer(test), await signInAs(test, 'employee')];
    const admin = await signInAs(test, 'admin');
    const [code = ''] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, player)).status).toBe(200);
    const undo = () => test.client.post(`/v1/claims/${code}/undo`, { reason: 'Erreur' }, admin.accessToken);
    /** Of the letters that wait, from the oldest to the newest, whether each would say anything if it left now. */
    const told = async (): Promise<boolean[]> => {
      const orders = await waitingLetters(test, player.user.id, KIND);
      return Promise.all(orders.map(async (order) => (await composed(test, order)) !== undefined));
    };

    expect((await validate(test, employee, code)).status).toBe(200);
    expect(await told()).toEqual([true]);
    expect((await undo()).status).toBe(200);
    expect(await told()).toEqual([false]);
    test.clock.moveBy(1000);
    expect((await validate(test, employee, code)).status).toBe(200);
    expect((await undo()).status).toBe(200);
    test.clock.moveBy(1000);
    expect((await validate(test, employee, code)).status).toBe(200);
    expect(await told()).toEqual([false, false, true]);
  });
});
