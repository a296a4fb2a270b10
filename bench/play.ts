import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ContestRegistry,
  type LoadedContest,
  PLAY_STATEMENT,
  PRESETS,
  ContestsService,
  PrintRunService,
} from '@tiptop/game';
import { AppConfig, createLogger, loadConfig } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { createApp } from '../apps/api/src/create-app';
import { startApi } from './support/api-server';
import { createBenchDatabase } from './support/bench-database';
import { ChildServer } from './support/child-server';
import { CONNECTIONS, playOverHttp } from './support/http-load';
import { findPgbench, runPgbench } from './support/pgbench';
import { createPlayers, type Player } from './support/players';
import { POOL_SIZE, serviceEnvironment } from './support/service-environment';
import { sizeFromEnvironment } from './support/size';
import { type Figures, median, printReport, progress, round } from './support/report';

const TICKETS = sizeFromEnvironment(500_000);
const PLAYERS = 2000;
const ROUNDS = 5;
// Of each of three sides; a multiple of the connections.
const PLAYS_A_ROUND = Math.floor((TICKETS * 0.026) / CONNECTIONS) * CONNECTIONS;
const WARM_UP_PLAYS = Math.floor(PLAYS_A_ROUND / 4 / CONNECTIONS) * CONNECTIONS;

/** One way of playing tickets. */
interface Side {
  name: string;
  play: (codes: readonly string[]) => Promise<Figures>;
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tiptop-bench-data-'));
  const database = await createBenchDatabase();
  const stops: (() => Promise<void>)[] = [];
  try {
    const environment = serviceEnvironment(database.url, dataDir);
    const config = loadConfig(environment);
    progress(`Preparing ${TICKETS.toString()} tickets and ${PLAYERS.toString()} signed-in customers`);
    const { contest, players, codes } = await prepare(config);
    const api = await startApi(environment);
    stops.push(() => api.stop());
    const bare = await ChildServer.start(join(__dirname, 'support/bare-fastify.js'), {
      BARE_FASTIFY: JSON.stringify(bareSettings(config, contest)),
    });
    stops.push(() => bare.stop());
    const sides: Side[] = [
      { name: 'api', play: (batch) => playOverHttp(api.url, batch, players) },
      { name: 'bareFastify', play: (batch) => playOverHttp(bare.url, batch, players) },
    ];
    const pgbench = await findPgbench();
    if (pgbench === undefined)
      progress('NOT MEASURED: pgbench is missing; install PostgreSQL’s client programs (postgresql-15)');
    else
      sides.push({
        name: 'pgbench',
        play: (batch) => playByPgbench(pgbench, database.url, config, contest, players, batch),
      });
    report(await measure(sides, codes));
    await assertAllPlayed(database.url, sides.length);
  } finally {
    for (const stop of stops) await stop();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function prepare(config: AppConfig): Promise<{ contest: LoadedContest; players: Player[]; codes: string[] }> {
  const app = await createApp(config, createLogger('error'));
  try {
    const dataSource = app.get(DataSource);
    const { id } = await app.get(ContestsService).create({ preset: PRESETS['the-tip-top'] });
    await app.get(PrintRunService).generate(id, TICKETS);
    await dataSource.query('VACUUM ANALYZE');
    const players = await createPlayers(dataSource, PLAYERS, config.jwtSecret);
    const rows = await dataSource.query<{ code: string }[]>('SELECT code FROM tickets ORDER BY md5(code)');
    const contest = await app.get(ContestRegistry).current();
    if (!contest) throw new Error('No contest');
    // By number, so that a pgbench client can name the code it is to play.
    await dataSource.query(
      'CREATE TABLE bench_codes (n integer PRIMARY KEY, code text NOT NULL, player uuid NOT NULL)',
    );
    return { contest, players, codes: rows.map(({ code }) => code) };
  } finally {
    await app.close();
  }
}

/** Takes turns, so that whatever changes on the machine or in the tables meets every side. */
async function measure(sides: readonly Side[], codes: readonly string[]): Promise<Map<string, Figures[]>> {
  let used = 0;
  const take = (count: number): string[] => codes.slice(used, (used += count));
  const figures = new Map<string, Figures[]>(sides.map(({ name }) => [name, []]));
  for (const side of sides) await side.play(take(WARM_UP_PLAYS));
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (let place = 0; place < sides.length; place++) {
      const side = sides[(turn + place) % sides.length] as Side;
      const result = await side.play(take(PLAYS_A_ROUND));
      figures.get(side.name)?.push(result);
      progress(
        `round ${(turn + 1).toString()}: ${side.name} ${Math.round(result.requestsPerSecond ?? 0).toString()} plays/s`,
      );
    }
  }
  return figures;
}

function report(figures: Map<string, Figures[]>): void {
  const sides = Object.fromEntries([...figures].map(([name, rounds]) => [name, summarise(rounds)]));
  const others = [...figures.keys()].filter((name) => name !== 'api');
  const ratios = Object.fromEntries(others.map((name) => [name, ratioTo(figures, name)]));
  printReport({ bench: 'play', tickets: TICKETS, sides, ratios });
}

/** Round by round, since what else the machine does in a round slows all sides of it. */
function ratioTo(figures: Map<string, Figures[]>, other: string): number {
  const rate = (name: string, turn: number): number => figures.get(name)?.[turn]?.requestsPerSecond ?? Number.NaN;
  return round(median(Array.from({ length: ROUNDS }, (_, turn) => rate('api', turn) / rate(other, turn))), 3);
}

function summarise(rounds: readonly Figures[]): Figures {
  const of = (name: string): number => median(rounds.map((figures) => figures[name] ?? Number.NaN));
  return {
    requestsPerSecond: round(of('requestsPerSecond'), 0),
    p50Ms: round(of('p50Ms'), 2),
    p99Ms: round(of('p99Ms'), 2),
    connections: CONNECTIONS,
    rounds: rounds.length,
  };
}

function limitsOf({ codeAttempts }: AppConfig): number[] {
  return [codeAttempts.account, codeAttempts.address, codeAttempts.contest, codeAttempts.underPressure];
}

function openedOf({ opened }: LoadedContest): { keyFingerprint: string; cardKey: string } {
  if (!opened) throw new Error('The deck is not open');
  return { keyFingerprint: opened.deck.keyFingerprint, cardKey: opened.cardKey.toString('hex') };
}

function bareSettings(config: AppConfig, contest: LoadedContest): Record<string, unknown> {
  const { databaseUrl, jwtSecret } = config;
  const settings = {
    databaseUrl,
    jwtSecret,
    poolSize: POOL_SIZE,
    contestId: contest.contest.id,
    limits: limitsOf(config),
  };
  return { ...settings, ...openedOf(contest) };
}

/** The same statement, its parameters in place; the code and the player are looked up by number, which adds little. */
async function playByPgbench(
  pgbench: string,
  url: string,
  config: AppConfig,
  contest: LoadedContest,
  players: readonly Player[],
  codes: readonly string[],
): Promise<Figures> {
  const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
  try {
    await dataSource.query('TRUNCATE bench_codes');
    await dataSource.query(
      `INSERT INTO bench_codes SELECT n - 1, code, player
       FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS c (code, player, n)`,
      [codes, codes.map((_, n) => players[n % players.length]?.id)],
    );
    await dataSource.query('ANALYZE bench_codes');
  } finally {
    await dataSource.destroy();
  }
  const { keyFingerprint, cardKey } = openedOf(contest);
  const contestId = contest.contest.id;
  const number = ':n::integer';
  const parameters: Record<number, string> = {
    1: `(SELECT code FROM bench_codes WHERE n = ${number})`,
    2: `'${contestId}'::uuid`,
    3: `(SELECT player FROM bench_codes WHERE n = ${number})`,
    4: 'now()',
    5: 'NULL',
    6: `'${keyFingerprint}'`,
    7: `'\\x${cardKey}'`,
    8: `('code-account:' || (SELECT player FROM bench_codes WHERE n = ${number}))`,
    9: `'code-address:127.0.0.1'`,
    // Apart, since pgbench would take a colon and a letter for one of its variables.
    10: `'code-contest:' || '${contestId}'`,
    11: Date.now().toString(),
    ...Object.fromEntries(limitsOf(config).map((limit, place) => [12 + place, limit.toString()])),
  };
  const statement = PLAY_STATEMENT.replace(/\$(\d+)/g, (_, place: string) => parameters[Number(place)] ?? 'NULL');
  const each = Math.floor(codes.length / CONNECTIONS);
  const script = `\\set i :i + 1\n\\set n :client_id * :each + :i\n${statement};\n`;
  return runPgbench(pgbench, url, script, codes.length, { each, i: -1 });
}

/** A side that won fewer tickets than it was given would look fast. */
async function assertAllPlayed(url: string, sides: number): Promise<void> {
  const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
  const [row] = await dataSource.query<{ played: string }[]>(
    `SELECT count(*) AS played FROM tickets WHERE status = 'pending'`,
  );
  await dataSource.destroy();
  const expected = sides * (WARM_UP_PLAYS + ROUNDS * PLAYS_A_ROUND);
  if (Number(row?.played) !== expected)
    throw new Error(`${row?.played ?? '?'} tickets were played instead of ${expected.toString()}`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = 1;
});
