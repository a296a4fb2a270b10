import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppConfig, Migrator, openDatabase, type OpenDatabase } from '@tiptop/platform';
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
      app = await createApp(new AppConfig({ ...config, databaseUrl: database.url }), logger);
      if (database.embedded) {
        const demo = await createDemoData(app, config.dataDir);
        if (demo) announce(describeDemoData(demo));
      }
      await takePort(
        'METRICS_PORT',
        config.metricsPort,
        app.get(MetricsService).listen(config.host, config.metricsPort),
      );
      await takePort('PORT', config.port, app.listen(config.port, config.host));
      return new Service(app, database, await app.getUrl());
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
  const migrator = new Migrator(url, schema);
  if (!config.isProduction) {
    await migrator.up();
    return;
  }
  // In production the deployment migrates, before the switch; a service that did so by itself would do it unwatched.
  const pending = await migrator.pending();
  if (pending.length > 0) {
    throw new StartError(
      `The database lacks ${pending.length.toString()} migration(s); run "tiptop migrate up" first.`,
    );
  }
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
