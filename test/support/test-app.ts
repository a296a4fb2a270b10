import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type AppConfig,
  type AppConfigValues,
  createLogger,
  loadConfig,
  type LogLevel,
  MovableClock,
} from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { createApp } from '../../apps/api/src/create-app';
import { ApiClient } from './api-client';
import { createTestDatabase } from './database';
import { checkTokensApart } from './own-strategy';

/** The service on a database of its own, listening on loopback, with a clock that can be moved. */
export interface TestApp {
  app: NestFastifyApplication;
  client: ApiClient;
  clock: MovableClock;
  config: AppConfig;
  database: DataSource;
  /** Every line logged so far, parsed. */
  logLines: () => Record<string, unknown>[];
  /** One more service on the same database, with the same settings but those given; it stops with this one at the latest. */
  replica: (overrides?: Partial<AppConfigValues>) => Promise<TestApp>;
  /** Stops the replicas and the service, and drops the database if it is its own. Once is enough; twice does no harm. */
  stop: () => Promise<void>;
}

export interface TestAppOptions {
  config?: Partial<AppConfigValues>;
  /** Use this database and leave it. */
  databaseUrl?: string;
  logLevel?: LogLevel;
  /** Makes the client, and that of each replica; a plain one unless told otherwise. */
  clientFor?: (url: string) => ApiClient;
}

/** Budgets that ordinary tests never meet; those of the budgets set their own. */
const GENEROUS = { windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 86_400 };

export function testConfig(databaseUrl: string, overrides: Partial<AppConfigValues> = {}): AppConfig {
  const base = loadConfig({
    NODE_ENV: 'test',
    DATABASE_URL: databaseUrl,
    DATA_DIR: newDataDir(),
    PORT: '0',
    METRICS_PORT: '0',
    JWT_SECRET: 'a-secret-of-the-tests-and-of-nothing-else',
    DECK_SECRET: 'another-secret-of-the-tests-and-nothing-else',
    DATABASE_POOL_SIZE: '10',
  });
  return base.with({
    codeAttempts: { ...GENEROUS, account: 100_000, underPressure: 100_000, address: 100_000, contest: 100_000 },
    loginAttempts: { ...GENEROUS, account: 100_000, address: 100_000, everywhere: 100_000, underPressure: 100_000 },
    registrations: { ...GENEROUS, address: 100_000 },
    mailRequests: { ...GENEROUS, account: 100_000, address: 100_000 },
    // Letters wait in the queue unless a test is about them.
    mail: { ...base.mail, delivery: false },
    ...overrides,
  });
}

export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const own = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const test = await start(testConfig(options.databaseUrl ?? own?.url ?? '', options.config), options);
  const stop = async (): Promise<void> => {
    await test.stop();
    await own?.drop();
  };
  return { ...test, stop };
}

async function start(config: AppConfig, options: TestAppOptions): Promise<TestApp> {
  const { logLevel = 'info', clientFor = (url) => new ApiClient(url) } = options;
  const lines: string[] = [];
  const logger = createLogger(logLevel, { write: (line) => void lines.push(line) });
  const clock = new MovableClock();
  const app = await createApp(config, logger, clock);
  checkTokensApart(app);
  await app.listen(config.port, '127.0.0.1');
  const replicas: TestApp[] = [];
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    for (const replica of replicas) await replica.stop();
    await app.close();
    await rm(config.dataDir, { recursive: true, force: true });
  };
  return {
    app,
    client: clientFor(await app.getUrl()),
    clock,
    config,
    database: app.get(DataSource),
    logLines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    replica: async (overrides) => {
      const replica = await start(config.with({ port: 0, dataDir: newDataDir(), ...overrides }), options);
      replicas.push(replica);
      return replica;
    },
    stop: () => (stopped ??= stop()),
  };
}

function newDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'tiptop-app-'));
}
