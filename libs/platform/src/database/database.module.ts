import { type DynamicModule, Global, Inject, Module, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import { AppConfig } from '../config/app-config';
import { LOGGER } from '../logging/logging.module';
import type { KeptTables } from './kept-tables';
import { SilentTypeOrmLogger } from './silent-typeorm-logger';

/** The token of the pg pool under the DataSource, for hand-written named statements on hot paths. */
export const PG_POOL = Symbol('PG_POOL');

/** The class list of entities and migrations, given once by the composition root. */
export interface DatabaseSchema {
  entities: (new () => object)[];
  migrations: (new () => MigrationInterface)[];
  keptTables?: KeptTables;
}

/**
 * @param databaseUrl postgres:// URL
 * @param schema which entities and migrations
 * @param poolSize most connections held at once
 */
export function dataSourceOptions(databaseUrl: string, schema: DatabaseSchema, poolSize: number): DataSourceOptions {
  return {
    type: 'postgres',
    url: databaseUrl,
    applicationName: 'tiptop',
    entities: schema.entities,
    migrations: schema.migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    // By default each start would try to install one for uuids, which PostgreSQL makes by itself.
    installExtensions: false,
    // A migration that fails throws. Told on standard output as well, it would stand in the midst of a command's answer.
    logger: new SilentTypeOrmLogger(),
    poolSize,
    // No caller waits for ever: 3 s for a connection, 10 s for a statement, 10 s for one forgotten in a transaction.
    connectTimeoutMS: 3000,
    extra: { statement_timeout: 10_000, idle_in_transaction_session_timeout: 10_000, keepAlive: true },
  };
}

/** The pool that TypeORM keeps; its driver calls it `master`. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}

const poolProvider: Provider = { provide: PG_POOL, inject: [DataSource], useFactory: poolOf };

@Global()
@Module({})
export class DatabaseModule {
  constructor(@Inject(PG_POOL) pool: Pool, @Inject(LOGGER) logger: Logger) {
    // An idle connection that the server closes would otherwise be an uncaught error; the pool opens another.
    pool.on('error', (err) => {
      logger.warn({ err }, 'An idle database connection was lost');
    });
  }

  static register(schema: DatabaseSchema): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [AppConfig],
          useFactory: (config: AppConfig) => ({
            ...dataSourceOptions(requireUrl(config), schema, config.databasePoolSize),
            retryAttempts: 1,
          }),
        }),
      ],
      providers: [poolProvider],
      exports: [PG_POOL],
    };
  }
}

function requireUrl(config: AppConfig): string {
  if (config.databaseUrl === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
  return config.databaseUrl;
}
