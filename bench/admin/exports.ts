import { execFile } from 'node:child_process';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beside } from '../support/beside';
import type { ChildServer } from '../support/child-server';
import { CONNECTIONS, playOverHttp } from '../support/http-load';
import { type Figures, median, progress, round } from '../support/report';
import { watchMemory } from '../support/resident-memory';
import type { Comparison } from '../support/comparison';
import { startServer, type Stage } from './stage';

const ROUNDS = 3;
/** Of each measurement, of which there are ten. */
const PLAYS_OF_ALL = 0.01;
const run = promisify(execFile);
const COPIED = `SELECT t.code, t.status, p.name, round(p.value_cents / 100.0, 2), p.currency,
  date_trunc('second', t.played_at AT TIME ZONE 'Europe/Paris'), u.first_name, u.last_name, u.email,
  date_trunc('second', t.claimed_at AT TIME ZONE 'Europe/Paris'), e.first_name || ' ' || e.last_name, s.name, s.city, c.slug
  FROM tickets t JOIN contests c ON c.id = t.contest_id LEFT JOIN prizes p ON p.id = t.prize_id
  LEFT JOIN users u ON u.id = t.player_id AND u.erased_at IS NULL
  LEFT JOIN users e ON e.id = t.claimed_by AND e.erased_at IS NULL LEFT JOIN stores s ON s.id = t.store_id ORDER BY t.code`;

type Format = 'csv' | 'xlsx';

/** The service, and what is done to it. */
interface Scene extends Stage {
  server: ChildServer;
}

/** The export of every ticket against psql's \copy of the same query; its memory; and the plays beside it. */
export async function compareExports(stage: Stage, tickets: number): Promise<Comparison> {
  const scene: Scene = { ...stage, server: await startServer(stage) };
  const plays = Math.max(1, Math.floor((tickets * PLAYS_OF_ALL) / CONNECTIONS)) * CONNECTIONS;
  try {
    await play(scene, plays);
    const files = await compareFiles(scene, tickets);
    const played = await comparePlays(scene, plays);
    return { sides: { ...files.sides, ...played.sides }, ratios: { ...files.ratios, ...played.ratios } };
  } finally {
    await scene.server.stop();
  }
}

async function compareFiles(scene: Scene, tickets: number): Promise<Comparison> {
  const hasPsql = await run('psql', ['--version']).then(
    () => true,
    () => false,
  );
  if (!hasPsql) progress('NOT MEASURED: psql is missing; install PostgreSQL’s client programs (postgresql-client-15)');
  const [csv, psql]: [number[], number[]] = [[], []];
  const memory = await watchMemory(scene.server.pid);
  for (let turn = 0; turn < ROUNDS; turn++) {
    csv.push(await exportOnce(scene, 'csv'));
    if (hasPsql) psql.push(await copyOnce(scene.databaseUrl));
    progress(`export: CSV ${(csv.at(-1) ?? 0).toFixed(2)} s, psql ${(psql.at(-1) ?? Number.NaN).toFixed(2)} s`);
  }
  const csvMb = memory.grownMb();
  const xlsxSeconds = await exportOnce(scene, 'xlsx');
  const xlsxMb = memory.grownMb();
  await memory.stop();
  progress(`export: XLSX ${xlsxSeconds.toFixed(2)} s; memory +${csvMb.toFixed(0)} MB and +${xlsxMb.toFixed(0)} MB`);
  const csvSeconds = median(csv);
  const figures = (seconds: number): Figures => ({
    seconds: round(seconds, 2),
    rowsPerSecond: Math.round(tickets / seconds),
  });
  return {
    sides: {
      exportCsv: { ...figures(csvSeconds), memoryMb: round(csvMb, 1) },
      exportXlsx: { ...figures(xlsxSeconds), memoryMb: round(xlsxMb, 1) },
      ...(hasPsql ? { psqlCopy: figures(median(psql)) } : {}),
    },
    ratios: hasPsql ? { exportCsvToPsqlCopy: round(median(psql) / csvSeconds, 3) } : {},
  };
}

async function comparePlays(scene: Scene, plays: number): Promise<Comparison> {
  const alone: number[] = [];
  const together: Record<Format, number[]> = { csv: [], xlsx: [] };
  for (let turn = 0; turn < ROUNDS; turn++) {
    alone.push(await play(scene, plays));
    for (const format of ['csv', 'xlsx'] as const) together[format].push(await playBeside(scene, plays, format));
    const [csv, xlsx] = [together.csv.at(-1), together.xlsx.at(-1)];
    progress(`plays a second: ${alone.at(-1) ?? 0} alone, ${csv ?? 0} beside CSV, ${xlsx ?? 0} beside XLSX`);
  }
  const toAlone = (rates: readonly number[]): number =>
    round(median(rates.map((rate, turn) => rate / (alone[turn] ?? Number.NaN))), 3);
  return {
    sides: {
      playsAlone: { requestsPerSecond: median(alone) },
      playsBesideCsv: { requestsPerSecond: median(together.csv) },
      playsBesideXlsx: { requestsPerSecond: median(together.xlsx) },
    },
    ratios: { playsBesideCsvToAlone: toAlone(together.csv), playsBesideXlsxToAlone: toAlone(together.xlsx) },
  };
}

async function play({ server, codes, players }: Scene, count: number): Promise<number> {
  const { requestsPerSecond } = await playOverHttp(server.url, codes.splice(0, count), players);
  return round(requestsPerSecond ?? Number.NaN, 0);
}

/** Exports again and again until the plays are through. */
async function playBeside(scene: Scene, count: number, format: Format): Promise<number> {
  const exportUntil = async (signal: AbortSignal): Promise<void> => {
    await exportOnce(scene, format, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };
  return beside(exportUntil, async () => {
    await sleep(200);
    return play(scene, count);
  });
}

/** @returns seconds */
async function exportOnce({ server, admin }: Scene, format: Format, signal?: AbortSignal): Promise<number> {
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const headers = { authorization: `Bearer ${admin.token}` };
    const sent = get(`${server.url}/v1/admin/exports/tickets?format=${format}`, {
      headers,
      ...(signal ? { signal } : {}),
    });
    sent.once('error', reject);
    sent.once('response', (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`The export answered ${answer.statusCode ?? 0}`));
      answer.once('error', reject).once('end', resolve).resume();
    });
  });
  return (performance.now() - started) / 1000;
}

/** @returns seconds */
async function copyOnce(url: string): Promise<number> {
  const copy = `\\copy (${COPIED.replace(/\s+/g, ' ')}) TO '/dev/null' WITH (FORMAT csv, HEADER)`;
  const started = performance.now();
  await run('psql', ['-X', '-q', '-d', url, '-c', copy]);
  return (performance.now() - started) / 1000;
}
