import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContestRegistry, ContestsService, CounterVerification, PRESETS, PrintRunService } from '@tiptop/game';
import { KeyPairs } from '@tiptop/ops';
import { createLogger, loadConfig, SystemClock } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { createApp } from '../../apps/api/src/create-app';
import { createBenchDatabase } from '../support/bench-database';
import { createPeople } from '../support/people';
import { type Player, signIn } from '../support/players';
import { progress } from '../support/report';
import { JWT_SECRET, serviceEnvironment } from '../support/service-environment';
import { fillLargeContest } from './large-contest';

const PLAYERS = 2000;
/** Of the tickets; 50,000 where there are 5,000,000. */
const ACCOUNTS = 0.01;
const FEWEST_ACCOUNTS = 100;

/** A database worth backing up, with a contest that is played, and a folder for what is made of it. */
export interface Stage {
  dataSource: DataSource;
  databaseUrl: string;
  /** Of the service that players meet; what makes backups adds its own. */
  environment: Record<string, string>;
  /** Age's public keys, whose private ones nobody has. */
  recipients: string[];
  /** On one disk with all that is written. */
  folder: string;
  players: Player[];
  /** Codes to be played, by chance. */
  codes: string[];
  tearDown: () => Promise<void>;
}

/**
 * @param tickets altogether
 * @param playable of them, in the contest that is open
 */
export async function setStage(tickets: number, playable: number): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'tiptop-bench-data-'));
  const database = await createBenchDatabase();
  const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  const tearDown = async (): Promise<void> => {
    await dataSource.destroy();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const environment = serviceEnvironment(database.url, join(folder, 'data'));
    const contestId = await fill(dataSource, environment, { tickets, playable });
    const people = await dataSource.query<{ id: string }[]>(
      `SELECT id FROM users WHERE role = 'customer' AND is_active LIMIT $1`,
      [PLAYERS],
    );
    const players = await signIn(
      dataSource,
      people.map(({ id }) => id),
      JWT_SECRET,
    );
    const unplayed = await dataSource.query<{ code: string }[]>(
      'SELECT code FROM tickets WHERE contest_id = $1 ORDER BY md5(code)',
      [contestId],
    );
    const keyPairs = new KeyPairs(new SystemClock());
    const recipients = (await Promise.all([keyPairs.generate(), keyPairs.generate()])).map((pair) => pair.recipient);
    return {
      dataSource,
      databaseUrl: database.url,
      environment,
      recipients,
      folder,
      players,
      codes: unplayed.map(({ code }) => code),
      tearDown,
    };
  } catch (error) {
    await tearDown();
    throw error;
  }
}

/** @returns the open contest's id */
async function fill(
  dataSource: DataSource,
  environment: Record<string, string>,
  { tickets, playable }: { tickets: number; playable: number },
): Promise<string> {
  const started = performance.now();
  const accounts = Math.max(FEWEST_ACCOUNTS, Math.floor(tickets * ACCOUNTS));
  progress(`Preparing ${accounts} accounts and ${tickets} tickets, ${playable} of them to be played`);
  const app = await createApp(loadConfig(environment), createLogger('error'));
  try {
    await createPeople(dataSource, accounts);
    await fillLargeContest(app, dataSource, tickets - playable);
    const { id } = await app.get(ContestsService).create({ preset: PRESETS['the-tip-top'] });
    await app.get(PrintRunService).generate(id, playable);
    await app.get(ContestRegistry).reload();
    await dataSource.query('VACUUM ANALYZE');
    await app.get(CounterVerification).repair();
    progress(`prepared in ${Math.round((performance.now() - started) / 1000)} s`);
    return id;
  } finally {
    await app.close();
  }
}
