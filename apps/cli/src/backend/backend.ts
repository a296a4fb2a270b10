import { setTimeout as sleep } from 'node:timers/promises';
import type { Abstract, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type AppConfig,
  createLogger,
  isDatabaseUnavailable,
  loadConfig,
  Migrator,
  NestLogger,
  openDatabase,
  type OpenDatabase,
} from '@tiptop/platform';
import type { Logger } from 'pino';
import { schema } from '../../../../migrations/data-source';
import { CommandError } from '../failures/cli-error';
import type { Output } from '../output/output';
import { CliModule } from './cli.module';
import { Presence } from './presence';

/** An embedded server that another command started may end while we come to it; then we start it ourselves. */
const OPENING_TRIES = 3;
/** Work that was interrupted may clear up for so long; a second interruption does not wait. */
const CLEARING_UP_MS = 20_000;

/** Environment variables. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What stands behind the commands, opened when one first asks, so that help and wrong usage touch no database. */
export class Backend {
  private settings: AppConfig | undefined;
  private log: Logger | undefined;
  private opening: Promise<OpenDatabase> | undefined;
  private presence: Presence | undefined;
  private app: INestApplicationContext | undefined;
  private readonly interruption = new AbortController();
  private interruptible: { working: Promise<unknown>; patienceMs: number } | undefined;

  constructor(
    private readonly variables: Variables,
    private readonly output: Output,
  ) {}

  /** @throws ConfigError */
  get config(): AppConfig {
    this.settings ??= loadConfig(withQuietLog(this.variables));
    return this.settings;
  }

  get logger(): Logger {
    this.log ??= createLogger(this.config.logLevel, this.output.stderr);
    return this.log;
  }

  /**
   * The database in whatever state its schema is.
   * @throws ConfigError, EmbeddedPostgresError
   */
  async migrator(): Promise<Migrator> {
    return this.persistently(async ({ url }) => Promise.resolve(new Migrator(url, schema)));
  }

  /**
   * A service on the migrated database.
   * @param options.migrates whether the service migrates by itself, as a deployment does, which comes with the migrations of
   * its release
   * @throws ConfigError, EmbeddedPostgresError, CommandError in production where migrations are pending
   */
  async get<T>(service: Type<T> | Abstract<T>, { migrates = false } = {}): Promise<T> {
    this.app ??= await this.persistently(async ({ url }) => {
      const lack = await new Migrator(url, schema).ready(this.config.isProduction);
      if (lack !== undefined && !migrates) throw new CommandError('MIGRATIONS_PENDING', lack);
      const config = this.config.with({ databaseUrl: url });
      return NestFactory.createApplicationContext(CliModule.register(config, this.logger), {
        logger: new NestLogger(this.logger),
        abortOnError: false,
      });
    });
    return this.app.get(service, { strict: false });
  }

  /**
   * Does work that reaches beyond the database, and has to clear up by itself where it is interrupted.
   * @param work ends soon once its signal is aborted
   * @param patienceMs for which an interruption waits for it
   */
  async interruptibly<T>(work: (signal: AbortSignal) => Promise<T>, patienceMs: number = CLEARING_UP_MS): Promise<T> {
    const { signal } = this.interruption;
    signal.throwIfAborted();
    const working = work(signal);
    this.interruptible = { working, patienceMs };
    return working;
  }

  /** Lets go of everything; the embedded server stops if this process started it, once no other command is using it. */
  async close(): Promise<void> {
    await this.app?.close();
    await this.presence?.leave(() => {
      this.output.note('waiting for another command that uses the embedded database');
    });
    await (await this.opened())?.close();
  }

  /**
   * Undoes what is under way, by stopping the embedded server if this process started it. While another command is
   * using it, it is left running instead: it undoes our work when this process ends, and the next command takes it over.
   */
  async abandon(): Promise<void> {
    this.interruption.abort(new Error('the command was interrupted'));
    if (this.interruptible) {
      const { working, patienceMs } = this.interruptible;
      await Promise.race([working.catch(() => undefined), sleep(patienceMs)]);
    }
    const database = await this.opened();
    if (this.settings) this.logger.level = 'silent';
    if (!(await this.presence?.hasCompany().catch(() => false))) await database?.close();
  }

  private async opened(): Promise<OpenDatabase | undefined> {
    return this.opening?.catch(() => undefined);
  }

  private async persistently<T>(work: (database: OpenDatabase) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      this.opening = openDatabase(this.config, 'share', (message) => {
        this.logger.info(message);
      });
      const database = await this.opening;
      try {
        if (database.embedded) this.presence = await Presence.enter(database.url);
        return await work(database);
      } catch (error) {
        if (!database.embedded || !isDatabaseUnavailable(error) || attempt === OPENING_TRIES) throw error;
        await this.presence?.end();
        this.presence = undefined;
        await database.close();
      }
    }
  }
}

/** A command tells its result; what else happens is of interest only when it is wrong, or when asked for. */
function withQuietLog(variables: Variables): Variables {
  const asked = variables['LOG_LEVEL'] || variables['LOG_LEVEL_FILE'];
  return asked ? variables : { ...variables, LOG_LEVEL: 'warn' };
}
