import { CONNECTIONS, playOverHttp } from '../support/http-load';
import { median, progress, round } from '../support/report';
import type { Comparison } from '../support/comparison';
import { startServer, type Stage } from './stage';

const ROUNDS = 15;
/** Short rounds, and many: what else the machine does then meets both sides alike. */
const PLAYS_A_ROUND = 0.0064;
const TRIGGERS = ['tickets_count_change', 'tickets_count_added'];

/** Plays a second over HTTP with the counters, against the same with their triggers asleep; they take turns. */
export async function compareCountedPlays(stage: Stage, tickets: number): Promise<Comparison> {
  const plays = Math.max(1, Math.floor((tickets * PLAYS_A_ROUND) / CONNECTIONS)) * CONNECTIONS;
  const server = await startServer(stage);
  try {
    const play = async (): Promise<number> => {
      const { requestsPerSecond } = await playOverHttp(server.url, stage.codes.splice(0, plays), stage.players);
      return requestsPerSecond ?? Number.NaN;
    };
    await play();
    const rates: Record<'counted' | 'uncounted', number[]> = { counted: [], uncounted: [] };
    for (let turn = 0; turn < ROUNDS; turn++) {
      const order = turn % 2 === 0 ? (['counted', 'uncounted'] as const) : (['uncounted', 'counted'] as const);
      for (const side of order) {
        await setTriggers(stage, side === 'counted');
        rates[side].push(await play());
      }
      const [counted, uncounted] = [rates.counted, rates.uncounted].map((all) => Math.round(all.at(-1) ?? Number.NaN));
      progress(`plays a second, round ${turn + 1}: ${counted ?? ''} counted, ${uncounted ?? ''} uncounted`);
    }
    const ratios = rates.counted.map((rate, turn) => rate / (rates.uncounted[turn] ?? Number.NaN));
    return {
      sides: {
        playsCounted: { requestsPerSecond: round(median(rates.counted), 0), rounds: ROUNDS },
        playsUncounted: { requestsPerSecond: round(median(rates.uncounted), 0), rounds: ROUNDS },
      },
      ratios: { playsCountedToUncounted: round(median(ratios), 3) },
    };
  } finally {
    await server.stop();
    await setTriggers(stage, true);
  }
}

async function setTriggers({ dataSource }: Stage, enabled: boolean): Promise<void> {
  for (const trigger of TRIGGERS) {
    await dataSource.query(`ALTER TABLE tickets ${enabled ? 'ENABLE' : 'DISABLE'} TRIGGER ${trigger}`);
  }
}
