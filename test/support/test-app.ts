import { mkdtempSync } from 'node:fs';
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

/** The service on a database of its own, listening on loopback, with a clock that can be moved. */
export interface TestApp {
  app: NestFastifyApplication;
  client: ApiClient;
  clock: MovableClock;
  config: AppConfig;
  database: DataSource;
  /** Every line logged so far, parsed. */
  logLines: () => Record<string, unknown>[];
  stop: () => Promise<void>;
}

export interface TestAppOptions {
  config?: Partial<AppConfigValues>;
  /** Use this database and leave it; a second replica, for one. */
  databaseUrl?: string;
  logLevel?: LogLevel;
}

/** Budgets that ordinary tests never meet; those of the budgets set their own. */
const GENEROUS = { windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 86_400 };

export function testConfig(databaseUrl: string, overrides: Partial<AppConfigValues> = {}): AppConfig {
  const dataDir = mkdtempSync(join(tmpdir(), 'tiptop-app-'));
  const base = loadConfig({
    NODE_ENV: 'test',
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
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

export async function startTestApp({
  config: overrides,
  databaseUrl,
  logLevel,
}: TestAppOptions = {}): Promise<TestApp> {
  const own = databaseUrl === undefined ? await createTestDatabase() : undefined;
  const config = testConfig(databaseUrl ?? own?.url ?? '', overrides);
  const lines: string[] = [];
  const logger = createLogger(logLevel ?? 'info', { write: (line) => void lines.push(line) });
  const clock = new MovableClock();
  const app = await createApp(config, logger, clock);
  await app.listen(config.port, '127.0.0.1');
  return {
    app,
    client: new ApiClient(await app.getUrl()),
    clock,
    config,
    database: app.get(DataSource),
    logLines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    stop: async () => {
      await app.close();
      await own?.drop();
    },
  };
}
