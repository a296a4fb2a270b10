import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RetentionJob } from '@tiptop/auth';
import { ContestRegistry, FoldJob, ReminderJob } from '@tiptop/game';
import { BackupScheduler } from '@tiptop/ops';
import { type AppConfig, isDatabaseUnavailable, Migrator, openDatabase, type OpenDatabase } from '@tiptop/platform';
import type { Logger } from 'pino';
import { schema } from '../../../migrations/data-source';
import { createApp } from './create-app';
import { createDemoData, describeDemoData } from './demo/demo-data';
import { MetricsService } from './metrics/metrics.service';

/** Something the operator must put right; the message is all they need, without a stack. */
export class StartError extends Error {}

/** The running service: database, application, metrics; started in this order and stopped in the reverse one. */
export class Service {
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly app: NestFastifyApplication,
    private readonly database: OpenDatabase,
    readonly url: string,
  ) {}

  /**
   * @param announce receives what a person at the terminal should read
   * @throws StartError, EmbeddedPostgresError
   */
  static async start(config: AppConfig, logger: Logger, announce: (text: string) => void): Promise<Service> {
    const database = await openDatabase(config, 'own', (message) => {
      logger.info(message);
    });
    let app: NestFastifyApplication | undefined;
    try {
      await prepareSchema(config, database);
      app = await createApp(config.with({ databaseUrl: database.url }), logger);
      await assertDecksOpen(app);
      if (database.embedded) {
        const demo = await createDemoData(app, config.dataDir);
        if (demo) announce(describeDemoData(demo));
      }
      await takePort(
        'METRICS_PORT',
        config.metricsPort,
        app.get(MetricsService).listen(config.host, config.metricsPort),
      );
      const service = new Service(app, database, await takePort('PORT', config.port, listen(app, config)));
      app.get(RetentionJob).start();
      app.get(FoldJob).start();
      app.get(ReminderJob).start();
      if (config.ops.scheduler) app.get(BackupScheduler).start();
      return service;
    } catch (error) {
      await app?.close();
      await database.close();
      throw error;
    }
  }

  /** Lets requests under way finish, refuses new ones, and stops the database last. */
  async stop(): Promise<void> {
    this.stopping ??= this.app.close().finally(() => this.database.close());
    return this.stopping;
  }
}

async function prepareSchema(config: AppConfig, { url }: OpenDatabase): Promise<void> {
  const lack = await reaching(new Migrator(url, schema).ready(config.isProduction));
  if (lack !== undefined) throw new StartError(lack);
}

/** SQLSTATE class 28, the server does not let us in, and 3D000, there is no database of this name. */
const NOT_LET_IN = /^28...$|^3D000$/;

async function reaching<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code } = (error instanceof AggregateError ? error.errors[0] : error) as { code?: unknown };
    const told = typeof code === 'string' ? code : 'no connection';
    if (isDatabaseUnavailable(error) || NOT_LET_IN.test(told)) {
      throw new StartError(`The database that DATABASE_URL names can't be used (${told}).`, { cause: error });
    }
    throw error;
  }
}

async function assertDecksOpen(app: NestFastifyApplication): Promise<void> {
  const slugs = await app.get(ContestRegistry).unopenable();
  if (slugs.length > 0) {
    throw new StartError(`DECK_SECRET is not the one that sealed the deck of ${slugs.join(', ')}; put that one back.`);
  }
}

async function listen(app: NestFastifyApplication, { port, host }: AppConfig): Promise<string> {
  await app.init();
  // Not app.listen(), which writes an error of its own to the log where the port is taken.
  return app.getHttpAdapter().getInstance().listen({ port, host });
}

async function takePort<T>(variable: string, port: number, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new StartError(`Port ${port.toString()} is taken; set ${variable} to another one.`);
    if (code === 'EACCES')
      throw new StartError(`Port ${port.toString()} needs privileges; set ${variable} to another one.`);
    throw error;
  }
}
