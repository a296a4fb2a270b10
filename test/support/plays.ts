import { codeAt, drawCodeIndices } from '../../libs/game/src/domain/ticket-code';
import type { ApiClient, ApiResponse } from './api-client';
import type { SessionBody } from './builders';

export interface PrizeBody {
  id: string;
  name: string;
  description: string;
  valueCents: number;
  currency: string;
}

/** The answer to a play that won. */
export interface PlayBody {
  ticket: { code: string; status: string; playedAt: string; claimEndsAt: string };
  prize: PrizeBody;
}

export async function play(
  { client }: { client: ApiClient },
  code: unknown,
  player: Pick<SessionBody, 'accessToken'>,
  headers: Record<string, string> = {},
): Promise<ApiResponse<PlayBody>> {
  return client.post<PlayBody>('/v1/tickets/play', { code }, player.accessToken, headers);
}

/** Codes with a right check character that, but for one chance in millions, no ticket has. */
export function unknownCodes(count: number): string[] {
  return [...drawCodeIndices(count)].map(codeAt).sort(() => Math.random() - 0.5);
}

/** Works through a list with several hands at once; each takes the next item when it is done with one. */
export async function withHands<T, R>(
  hands: number,
  items: readonly T[],
  work: (item: T, place: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const hand = async (): Promise<void> => {
    while (next < items.length) {
      const place = next++;
      results[place] = await work(items[place]!, place);
    }
  };
  await Promise.all(Array.from({ length: hands }, hand));
  return results;
}

/** A list in an order of chance. */
export function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
