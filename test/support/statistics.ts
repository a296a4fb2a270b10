import type { Contest } from '@tiptop/game';
import type { SessionBody } from './builders';
import type { TestApp } from './test-app';

/** The answer of GET /v1/admin/stats. */
export interface StatisticsBody {
  contest: { id: string; slug: string };
  tickets: { total: number; unclaimed: number; pending: number; claimed: number };
  participants: number;
  participations: { total: number; today: number };
  prizes: {
    id: string;
    name: string;
    total: number;
    won: number;
    pending: number;
    claimed: number;
    remaining: number;
    share: number;
  }[];
  conversion: { playedRate: number; claimedRate: number };
  demographics: { gender: Record<string, number>; age: Record<string, number> };
  funnel: { printed: number; played: number; claimed: number; expired: number };
  stores: { id: string; name: string; claimed: number }[];
}

export interface TimelineBody {
  at: string;
  participations: number;
  claims: number;
  registrations: number;
}

type Admin = Pick<SessionBody, 'accessToken'>;

export async function statistics({ client }: TestApp, admin: Admin, query = ''): Promise<StatisticsBody> {
  const { status, body } = await client.get<StatisticsBody>(`/v1/admin/stats${query}`, admin.accessToken);
  if (status !== 200) throw new Error(`The statistics were refused: ${JSON.stringify(body)}`);
  return body;
}

export async function timeline(
  { client }: TestApp,
  admin: Admin,
  query: Record<string, string>,
): Promise<TimelineBody[]> {
  const path = `/v1/admin/stats/timeline?${new URLSearchParams(query).toString()}`;
  const { status, body } = await client.get<TimelineBody[]>(path, admin.accessToken);
  if (status !== 200) throw new Error(`The timeline was refused: ${JSON.stringify(body)}`);
  return body;
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

/** Asserts what is true at every moment, whatever goes on. */
export function expectOneMoment({
  tickets,
  participants,
  participations,
  prizes,
  demographics,
  ...rest
}: StatisticsBody): void {
  const { total, unclaimed, pending, claimed } = tickets;
  expect(unclaimed + pending + claimed).toBe(total);
  expect(participations.total).toBe(pending + claimed);
  expect(sumOf(prizes.map(({ won }) => won))).toBe(participations.total);
  expect(sumOf(prizes.map((prize) => prize.total))).toBe(total);
  expect(sumOf(prizes.map((prize) => prize.claimed))).toBe(claimed);
  expect(sumOf(prizes.map((prize) => prize.pending))).toBe(pending);
  expect(sumOf(prizes.map((prize) => prize.remaining))).toBe(unclaimed);
  expect(participants).toBeLessThanOrEqual(participations.total);
  expect(sumOf(Object.values(demographics.gender))).toBe(participants);
  expect(sumOf(Object.values(demographics.age))).toBe(participants);
  expect(participations.today).toBeLessThanOrEqual(participations.total);
  expect(sumOf(rest.stores.map((store) => store.claimed))).toBeLessThanOrEqual(claimed);
  expect(rest.funnel).toMatchObject({ printed: total, played: participations.total, claimed });
  const numbers = [...Object.values(tickets), ...prizes.flatMap(({ won, pending: left }) => [won, left])];
  expect(numbers.every((n) => Number.isInteger(n) && n >= 0)).toBe(true);
}

/** What a count of all tickets says, in the shape of the answer; nothing of it comes from a counter. */
export async function fullCount({ database }: TestApp, contest: Contest): Promise<Partial<StatisticsBody>> {
  const [tickets] = await database.query<StatisticsBody['tickets'][]>(
    `SELECT count(*)::int AS total, count(*) FILTER (WHERE status = 'unclaimed')::int AS unclaimed,
       count(*) FILTER (WHERE status = 'pending')::int AS pending,
       count(*) FILTER (WHERE status = 'claimed')::int AS claimed FROM tickets WHERE contest_id = $1`,
    [contest.id],
  );
  const [people] = await database.query<{ n: number }[]>(
    'SELECT count(DISTINCT player_id)::int AS n FROM tickets WHERE contest_id = $1',
    [contest.id],
  );
  const prizes = await database.query<StatisticsBody['prizes']>(
    `SELECT p.id, count(t.code)::int AS won, count(*) FILTER (WHERE t.status = 'pending')::int AS pending,
       count(*) FILTER (WHERE t.status = 'claimed')::int AS claimed
     FROM prizes p LEFT JOIN tickets t ON t.prize_id = p.id WHERE p.contest_id = $1 GROUP BY p.id ORDER BY p.ordinal`,
    [contest.id],
  );
  return { tickets: tickets!, participants: people!.n, prizes };
}
