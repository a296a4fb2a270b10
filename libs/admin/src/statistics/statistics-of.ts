import type { CountsOfContest } from '@tiptop/game';
import { demographicsOf } from './demographics';
import type { StatisticsResponse } from './dto/statistics.response';

/** The figures of a contest, here and in the report alike. */
export function statisticsOf(counts: CountsOfContest, now: Date): StatisticsResponse {
  const { contest, printed, played, playedToday, claimed, prizes, people, stores } = counts;
  const pending = played - claimed;
  return {
    contest: { id: contest.id, slug: contest.slug },
    tickets: { total: printed, unclaimed: printed - played, pending, claimed },
    participants: people.reduce((sum, { n }) => sum + n, 0),
    participations: { total: played, today: playedToday },
    prizes: prizes.map(({ id, name, share, total, won, claimed: fetched }) => ({
      id,
      name,
      total,
      won,
      pending: won - fetched,
      claimed: fetched,
      remaining: total - won,
      share,
    })),
    conversion: { playedRate: rate(played, printed), claimedRate: rate(claimed, played) },
    demographics: demographicsOf(people),
    funnel: { printed, played, claimed, expired: contest.claimEndsAt <= now ? pending : 0 },
    stores: stores.map(({ id, name, claimed: fetched }) => ({ id, name, claimed: fetched })),
  };
}

/** 0 where there is nothing to compare with. */
export function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
