import { randomBytes } from 'node:crypto';
import { type Role, UsersService } from '@tiptop/auth';
import {
  type Contest,
  type ContestPreset,
  ContestRegistry,
  ContestsService,
  PRESETS,
  PrintRunService,
} from '@tiptop/game';
import type { TestApp } from './test-app';

export const PASSWORD = 'trois-tasses-de-sencha';

export interface SessionBody {
  user: Record<string, unknown> & { id: string; email: string; role: Role };
  accessToken: string;
  refreshToken: string;
  tokenType: string;
  expiresIn: number;
}

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  requestId: string;
  errors?: { path: string; message: string }[];
}

/** A registration that is accepted, and different each time. */
export function registration(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    email: `camille.${randomBytes(6).toString('hex')}@example.fr`,
    password: PASSWORD,
    firstName: 'Camille',
    lastName: 'Martin',
    birthDate: '1990-05-17',
    acceptTerms: true,
    ...overrides,
  };
}

/** A new customer, signed in. */
export async function registerCustomer(
  { client }: TestApp,
  overrides: Record<string, unknown> = {},
): Promise<SessionBody> {
  const { status, body } = await client.post<SessionBody>('/v1/auth/register', registration(overrides));
  if (status !== 201) throw new Error(`The registration was refused: ${JSON.stringify(body)}`);
  return body;
}

/** Many customers; a few at a time, since each one's password is hashed. */
export async function registerCustomers(test: TestApp, count: number): Promise<SessionBody[]> {
  const customers: SessionBody[] = [];
  while (customers.length < count) {
    const batch = Math.min(4, count - customers.length);
    customers.push(...(await Promise.all(Array.from({ length: batch }, () => registerCustomer(test)))));
  }
  return customers;
}

/** A new account of any role, signed in. */
export async function signInAs(
  test: TestApp,
  role: Role,
  names: { firstName: string; lastName: string } = { firstName: 'Alix', lastName: 'Bernard' },
): Promise<SessionBody> {
  const email = `${role}.${randomBytes(6).toString('hex')}@example.fr`;
  await test.app
    .get(UsersService)
    .create(
      { email, password: PASSWORD, ...names, birthDate: '1985-01-01', role, acceptsTerms: true, emailVerified: true },
      () => Promise.resolve(),
    );
  const { body } = await test.client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD });
  return body;
}

export interface ContestOptions {
  tickets?: number;
  slug?: string;
  startsAt?: Date;
  checkedCodes?: boolean;
  prizes?: ContestPreset['prizes'];
}

/** A contest with its print run; open now unless told otherwise. */
export async function createContest({ app, clock }: TestApp, options: ContestOptions = {}): Promise<Contest> {
  const { tickets = 100, slug = `contest-${randomBytes(4).toString('hex')}`, startsAt, checkedCodes, prizes } = options;
  const preset = { ...PRESETS['the-tip-top'], ...(prizes ? { prizes } : {}) };
  const contest = await app
    .get(ContestsService)
    .create({ preset, slug, startsAt: startsAt ?? clock.now(), checkedCodes });
  if (tickets > 0) await app.get(PrintRunService).generate(contest.id, tickets);
  await app.get(ContestRegistry).reload();
  return contest;
}

/** Codes that nobody has played. */
export async function unplayedCodes({ database }: TestApp, contest: Contest, count: number): Promise<string[]> {
  const rows = await database.query<{ code: string }[]>(
    `SELECT code FROM tickets WHERE contest_id = $1 AND status = 'unclaimed' ORDER BY md5(code) LIMIT $2`,
    [contest.id, count],
  );
  if (rows.length < count) throw new Error(`Only ${rows.length.toString()} codes are left`);
  return rows.map(({ code }) => code);
}
