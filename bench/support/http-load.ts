import autocannon, { type Instance, type Options, type Result } from 'autocannon';
import type { Player } from './players';
import type { Figures } from './report';

export const CONNECTIONS = 32;

/**
 * Plays every code once, over 32 connections, and waits for all answers.
 * @throws Error where an answer is not a 200
 */
export async function playOverHttp(
  url: string,
  codes: readonly string[],
  players: readonly Player[],
): Promise<Figures> {
  let next = 0;
  // The library itself counts whole seconds.
  let firstSent = 0;
  let lastAnswered = 0;
  const options: Options = {
    url,
    connections: CONNECTIONS,
    amount: codes.length,
    timeout: 30,
    requests: [
      {
        method: 'POST',
        path: '/v1/tickets/play',
        setupRequest: (request) => {
          if (next === 0) firstSent = performance.now();
          const place = next++;
          const { token } = players[place % players.length] as Player;
          request.headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
          request.body = `{"code":"${codes[place % codes.length] ?? ''}"}`;
          return request;
        },
      },
    ],
  };
  const result = await new Promise<Result>((resolve, reject) => {
    const load: Instance = autocannon(options, (error: Error | null, finished) => {
      if (error) reject(error);
      else resolve(finished);
    });
    load.on('response', () => {
      lastAnswered = performance.now();
    });
  });
  const good = result['2xx'];
  if (good !== codes.length || result.errors > 0 || result.timeouts > 0) {
    throw new Error(
      `Of ${codes.length.toString()} plays ${good.toString()} were won; errors: ${result.errors.toString()}`,
    );
  }
  const seconds = (lastAnswered - firstSent) / 1000;
  return { requestsPerSecond: codes.length / seconds, p50Ms: result.latency.p50, p99Ms: result.latency.p99 };
}
