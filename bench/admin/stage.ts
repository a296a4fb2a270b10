import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContestRegistry, ContestsService, CounterVerification, PRESETS, PrintRunService } from '@tiptop/game';
import { type AppConfig, createLogger, loadConfig } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { createApp } from '../../apps/api/src/create-app';
import { createBenchDatabase } from '../support/bench-database';
import { ChildServer } from '../support/child-server';
import { type Player, signIn } from '../support/players';
import { progress } from '../support/report';
import { createPeople } from './people';
import { playBySql } from './played-tickets';

const PLAYERS = 2000;
const SECRETS = {
  JWT_SECRET: 'a-secret-of-the-benchmark-and-of-nothing-else',
  DECK_SECRET: 'another-secret-of-the-benchmark-and-nothing-else',
};

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
    const environment = {
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      PORT: '0',
      METRICS_PORT: '0',
      DATABASE_POOL_SIZE: '20',
      MAIL_DELIVERY: 'off',
      RETENTION_CRON: '0 0 29 2 *',
      ADMIN_SECOND_FACTOR: 'optional',
      ...SECRETS,
    };
    const config = loadConfig(environment);
    const contestId = await fill(dataSource, config, tickets);
    const people = await dataSource.query<{ id: string }[]>(
      `SELECT id FROM users WHERE role = 'customer' AND is_active ORDER BY created_at DESC LIMIT $1`,
      [PLAYERS + 1],
    );
    const [admin, ...players] = await signIn(
      dataSource,
      people.map(({ id }) => id),
      SECRETS.JWT_SECRET,
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
  return ChildServer.start(join(__dirname, '../../apps/api/src/main.js'), environment);
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
