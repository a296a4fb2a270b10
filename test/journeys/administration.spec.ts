import type { Contest } from '@tiptop/game';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { download, parseCsv } from '../support/export-files';
import { play, type PlayBody } from '../support/plays';
import { expectProblem } from '../support/problem';
import { expectOneMoment, statistics } from '../support/statistics';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;
const PRINTED = 50;
const PLAYED = 8;
const CLAIMED = 3;

interface TicketItem {
  code: string;
  status: string;
  prize: { id: string; name: string } | null;
  player: { id: string } | null;
  playedAt: string | null;
  claimedAt: string | null;
  claimedBy: { id: string } | null;
}

interface UserItem {
  id: string;
  email: string;
  role: string;
}

/** Box by box as the process diagram draws it; each box is asked for by the others as well, in vain. */
describe('The work of an administrator (process 1.3)', () => {
  let test: TestApp;
  let admin: SessionBody;
  let employee: SessionBody;
  let customer: SessionBody;
  let contest: Contest;
  const wins: PlayBody[] = [];

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin', { firstName: 'Ada', lastName: 'Morel' });
    employee = await signInAs(test, 'employee', { firstName: 'Noé', lastName: 'Petit' });
    customer = await registerCustomer(test, { firstName: 'Inès', lastName: 'Faure', gender: 'female' });
    contest = await createContest(test, { tickets: PRINTED });
    for (const code of await unplayedCodes(test, contest, PLAYED)) {
      const won = await play(test, code, customer);
      expect(won.status).toBe(200);
      wins.push(won.body);
    }
    for (const { ticket } of wins.slice(0, CLAIMED)) {
      const body = { identityChecked: true };
      const path = `/v1/claims/${ticket.code}/validate`;
      expect((await test.client.post(path, body, employee.accessToken)).status).toBe(200);
    }
  });
  afterAll(async () => {
    await test.stop();
  });

  const get = async <T>(path: string): Promise<T> => {
    const { status, body } = await test.client.get<T>(path, admin.accessToken);
    expect(status).toBe(200);
    return body;
  };
  const expectRefused = async (path: string, method = 'GET', body?: object): Promise<void> => {
    for (const { accessToken } of [employee, customer]) {
      expectProblem(
        await test.client.request(method, path, { token: accessToken, ...(body ? { body } : {}) }),
        403,
        'FORBIDDEN',
      );
    }
    expectProblem(await test.client.request(method, path, body ? { body } : {}), 401, 'UNAUTHENTICATED');
  };
  const codesOf = async (query: string): Promise<string[]> =>
    (await get<{ items: TicketItem[] }>(`/v1/admin/tickets?${query}`)).items.map(({ code }) => code).sort();

  it('Connexion espace admin · Authentifié + rôle admin ? · Redirection login · Afficher dashboard admin', async () => {
    const { email } = admin.user;
    const wrong = await test.client.post('/v1/auth/login', { email, password: `${PASSWORD}!` });
    expectProblem(wrong, 401, 'INVALID_CREDENTIALS');
    const signedIn = await test.client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD });
    expect(signedIn).toMatchObject({ status: 200, body: { user: { role: 'admin' } } });
    await expectRefused('/v1/admin/stats');
    const dashboard = await test.client.get('/v1/admin/stats', signedIn.body.accessToken);
    expect(dashboard).toMatchObject({ status: 200, body: { contest: { id: contest.id } } });
  });

  it('Charger statistiques globales · total participations · distribution des lots · taux de conversion', async () => {
    const stats = await statistics(test, admin);
    expectOneMoment(stats);
    expect(stats.participations).toEqual({ total: PLAYED, today: PLAYED });
    expect(stats.participants).toBe(1);
    const wonOf = new Map<string, number>();
    for (const { prize } of wins) wonOf.set(prize.id, (wonOf.get(prize.id) ?? 0) + 1);
    expect(stats.prizes.map(({ id, won }) => [id, won])).toEqual(
      stats.prizes.map(({ id }) => [id, wonOf.get(id) ?? 0]),
    );
    expect(stats.prizes.map(({ share }) => share)).toEqual([0.6, 0.2, 0.1, 0.06, 0.04]);
    expect(stats.conversion).toEqual({ playedRate: PLAYED / PRINTED, claimedRate: CLAIMED / PLAYED });
    expect(stats.demographics.gender).toMatchObject({ female: 1, male: 0 });
    expect(stats.funnel).toEqual({ printed: PRINTED, played: PLAYED, claimed: CLAIMED, expired: 0 });
    await expectRefused('/v1/admin/stats/timeline?interval=day');
  });

  it('Charger liste utilisateurs · Afficher tableau utilisateurs', async () => {
    const list = await get<{ items: UserItem[]; total: number }>('/v1/admin/users');
    expect(list.total).toBe(3);
    expect(list.items.map(({ email, role }) => [email, role]).sort()).toEqual(
      [admin, employee, customer].map(({ user }) => [user.email, user.role]).sort(),
    );
    const found = await get<{ items: UserItem[] }>('/v1/admin/users?search=ines%20faure&role=customer');
    expect(found.items.map(({ id }) => id)).toEqual([customer.user.id]);
    await expectRefused('/v1/admin/users');
  });

  it('Voir détails · Afficher profil complet', async () => {
    const path = `/v1/admin/users/${customer.user.id}`;
    const profile = await get<Record<string, unknown>>(path);
    expect(profile).toMatchObject({
      ...customer.user,
      tickets: { total: PLAYED },
      sessions: [{ expiresAt: expect.stringMatching(/Z$/) as string }],
      secondFactor: { enabled: false },
    });
    expect(profile['consents']).toMatchObject([{ kind: 'terms', granted: true }]);
    expect(profile['history']).toMatchObject([{ action: 'account-registered' }]);
    await expectRefused(path);
  });

  it('Modifier rôle · Changer rôle utilisateur', async () => {
    const { user, accessToken } = await registerCustomer(test);
    const path = `/v1/admin/users/${user.id}`;
    await expectRefused(path, 'PATCH', { role: 'admin' });
    expectProblem(await test.client.get('/v1/claims', accessToken), 403, 'FORBIDDEN');
    const changed = await test.client.request('PATCH', path, { body: { role: 'employee' }, token: admin.accessToken });
    expect(changed).toMatchObject({ status: 200, body: { id: user.id, role: 'employee' } });
    expect((await test.client.get('/v1/claims', accessToken)).status).toBe(200);
    const { items } = await get<{ items: object[] }>(`/v1/admin/audit?subject=${user.id}&action=role-changed`);
    expect(items).toMatchObject([{ actor: { id: admin.user.id }, details: { from: 'customer', to: 'employee' } }]);
  });

  it('Charger liste tickets · Afficher tableau tickets', async () => {
    const { items } = await get<{ items: TicketItem[] }>('/v1/admin/tickets?limit=200');
    expect(items).toHaveLength(PRINTED);
    const [first] = wins;
    expect(items.find(({ code }) => code === first?.ticket.code)).toMatchObject({
      status: 'claimed',
      prize: { id: first?.prize.id },
      player: { id: customer.user.id },
      claimedBy: { id: employee.user.id, firstName: 'Noé', lastName: 'Petit' },
    });
    await expectRefused('/v1/admin/tickets');
  });

  it('Filtrer par statut : pending, claimed, unclaimed', async () => {
    const codes = wins.map(({ ticket }) => ticket.code);
    expect(await codesOf('status=claimed')).toEqual(codes.slice(0, CLAIMED).sort());
    expect(await codesOf('status=pending')).toEqual(codes.slice(CLAIMED).sort());
    expect(await codesOf('status=unclaimed&limit=200')).toHaveLength(PRINTED - PLAYED);
  });

  it('Filtrer par période, et par type de lot', async () => {
    const now = test.clock.now().getTime();
    const from = (days: number): string => `from=${new Date(now + days * DAY_MS).toISOString()}`;
    const codes = wins.map(({ ticket }) => ticket.code);
    expect(await codesOf(from(-1))).toEqual([...codes].sort());
    expect(await codesOf(from(1))).toEqual([]);
    expect(await codesOf(`${from(-1)}&period=claimed`)).toEqual(codes.slice(0, CLAIMED).sort());
    for (const { id } of (await statistics(test, admin)).prizes) {
      const won = wins.filter(({ prize }) => prize.id === id).map(({ ticket }) => ticket.code);
      expect(await codesOf(`prizeId=${id}`)).toEqual(won.sort());
    }
  });

  it('Générer rapport · Exporter CSV/Excel', async () => {
    const csv = await download(test.client, '/v1/admin/exports/tickets?format=csv', admin.accessToken);
    expect(csv.status).toBe(200);
    expect(parseCsv(csv.bytes)).toHaveLength(PRINTED + 1);
    for (const path of ['tickets?format=xlsx', 'participants?format=xlsx', 'report?format=xlsx']) {
      const file = await download(test.client, `/v1/admin/exports/${path}`, admin.accessToken);
      expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="[a-z]+-[\d-]+\.xlsx"$/);
      expect(file.bytes.subarray(0, 4)).toEqual(Buffer.from('PK\u0003\u0004'));
      await expectRefused(`/v1/admin/exports/${path}`);
    }
    const { items } = await get<{ items: object[] }>(`/v1/admin/audit?action=export&actor=${admin.user.id}`);
    expect(items).toHaveLength(4);
  });
});
