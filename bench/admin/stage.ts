import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContestRegistry, ContestsService, CounterVerification, PRESETS, PrintRunService } from '@tiptop/game';
import { type AppConfig, createLogger, loadConfig } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { createApp } from '../../apps/api/src/create-app';
import { createBenchDatabase } from '../support/bench-database';
import { startApi } from '../support/api-server';
import type { ChildServer } from '../support/child-server';
import { type Player, signIn } from '../support/players';
import { progress } from '../support/report';
import { JWT_SECRET, serviceEnvironment } from '../support/service-environment';
import { createPeople } from '../support/people';
import { playBySql } from './played-tickets';

const PLAYERS = 2000;

/** A database with a contest that is well under way, its people, and an administrator who looks at them. */
export interface Stage {
  dataSource: DataSource;
  databaseUrl: string;
  config: AppConfig;
  /** Of the service, in a process of its own. */
  environment: Record<string, string>;
  contestId: string;
  admin: Player;
  /** Signed-in customers. */
  players: Player[];
  /** Codes still to be played, by chance. */
  codes: string[];
  tearDown: () => Promise<void>;
}

/** @param tickets how many, and as many accounts; six of ten tickets are played and three handed over */
export async function setStage(tickets: number): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tiptop-bench-data-'));
  const database = await createBenchDatabase();
  const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  const tearDown = async (): Promise<void> => {
    await dataSource.destroy();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const environment = { ...serviceEnvironment(database.url, dataDir), ADMIN_SECOND_FACTOR: 'optional' };
    const config = loadConfig(environment);
    const contestId = await fill(dataSource, config, tickets);
    const people = await dataSource.query<{ id: string }[]>(
      `SELECT id FROM users WHERE role = 'customer' AND is_active ORDER BY created_at DESC LIMIT $1`,
      [PLAYERS + 1],
    );
    const [admin, ...players] = await signIn(
      dataSource,
      people.map(({ id }) => id),
      JWT_SECRET,
    );
    if (!admin) throw new Error('There are no people');
    await dataSource.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [admin.id]);
    const unplayed = await dataSource.query<{ code: string }[]>(
      `SELECT code FROM tickets WHERE status = 'unclaimed' ORDER BY md5(code)`,
    );
    await dataSource.query('VACUUM ANALYZE');
    const codes = unplayed.map(({ code }) => code);
    return { dataSource, databaseUrl: database.url, config, environment, contestId, admin, players, codes, tearDown };
  } catch (error) {
    await tearDown();
    throw error;
  }
}

/** The service of a stage, in a process of its own. */
export async function startServer({ environment }: Stage): Promise<ChildServer> {
  return startApi(environment);
}

/** @returns the contest's id */
async function fill(dataSource: DataSource, config: AppConfig, tickets: number): Promise<string> {
  progress(`Preparing ${tickets} accounts and ${tickets} tickets`);
  const app = await createApp(config, createLogger('error'));
  try {
    await createPeople(dataSource, tickets);
    const { id } = await app.get(ContestsService).create({ preset: PRESETS['the-tip-top'] });
    await app.get(PrintRunService).generate(id, tickets);
    await app.get(ContestRegistry).reload();
    await playBySql(dataSource, id, tickets);
    await dataSource.query('VACUUM ANALYZE');
    await app.get(CounterVerification).repair();
    return id;
  } finally {
    await app.close();
  }
}
