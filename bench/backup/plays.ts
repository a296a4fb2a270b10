import { startApi } from '../support/api-server';
import { beside } from '../support/beside';
import type { ChildServer } from '../support/child-server';
import type { Comparison } from '../support/comparison';
import { CONNECTIONS, playOverHttp } from '../support/http-load';
import { median, progress, round } from '../support/report';
import type { BackupProcess } from './backup-process';
import type { Stage } from './stage';

const ROUNDS = 4;
/** Of all tickets, in each measurement: seconds of play, and less than a dump of them all takes. */
const PLAYS_OF_ALL = 0.002;
const FEWEST_EACH = 8;

interface Scene extends Stage {
  server: ChildServer;
  backups: BackupProcess;
}

/** In one measurement: a multiple of the connections, and some for each of them in a trial as well. */
function playsOf(tickets: number): number {
  return Math.max(FEWEST_EACH, Math.floor((tickets * PLAYS_OF_ALL) / CONNECTIONS)) * CONNECTIONS;
}

/** How many tickets have to be there to be played: to warm up, and in each round alone and beside a dump. */
export function playable(tickets: number): number {
  return playsOf(tickets) * (1 + 2 * ROUNDS);
}

/** Plays a second over HTTP while backups are made, one after another, against the same alone; they take turns. */
export async function comparePlays(stage: Stage, backups: BackupProcess, tickets: number): Promise<Comparison> {
  const scene: Scene = { ...stage, backups, server: await startApi(stage.environment) };
  const plays = playsOf(tickets);
  const rates: Record<'alone' | 'beside', number[]> = { alone: [], beside: [] };
  const sides = { alone: async () => play(scene, plays), beside: async () => playBeside(scene, plays) };
  try {
    await play(scene, plays);
    for (let turn = 0; turn < ROUNDS; turn++) {
      const order = turn % 2 === 0 ? (['alone', 'beside'] as const) : (['beside', 'alone'] as const);
      for (const side of order) rates[side].push(await sides[side]());
      progress(`plays a second: ${rates.alone.at(-1) ?? 0} alone, ${rates.beside.at(-1) ?? 0} beside a dump`);
    }
  } finally {
    await scene.server.stop();
  }
  const ratios = rates.beside.map((rate, turn) => rate / (rates.alone[turn] ?? Number.NaN));
  return {
    sides: {
      playsAlone: { requestsPerSecond: round(median(rates.alone), 0), rounds: ROUNDS },
      playsBesideDump: { requestsPerSecond: round(median(rates.beside), 0), rounds: ROUNDS },
    },
    ratios: { playsBesideDumpToAlone: round(median(ratios), 3) },
  };
}

/** @returns plays a second */
async function play({ server, codes, players }: Scene, count: number): Promise<number> {
  const { requestsPerSecond } = await playOverHttp(server.url, codes.splice(0, count), players);
  return round(requestsPerSecond ?? Number.NaN, 0);
}

/** From where the first dump begins. */
async function playBeside(scene: Scene, count: number): Promise<number> {
  let [begun, failed] = [(): void => undefined, (_: unknown): void => undefined];
  const dumping = new Promise<void>((resolve, reject) => {
    [begun, failed] = [resolve, reject];
  });
  const backUp = async (signal: AbortSignal): Promise<void> => {
    try {
      await scene.backups.runUntil(signal, (step) => {
        if (step === 'database') begun();
      });
    } catch (error) {
      failed(error);
      throw error;
    }
  };
  return beside(backUp, async () => {
    await dumping;
    return play(scene, count);
  });
}
