import { DataSource } from 'typeorm';
import { AdvisoryLock } from '../locks/advisory-lock';
import { type DatabaseSchema, dataSourceOptions } from './database.module';

export interface MigrationStatus {
  name: string;
  applied: boolean;
}

/** Moves the schema up and down. Processes that start at once take turns. */
export class Migrator {
  constructor(
    private readonly databaseUrl: string,
    private readonly schema: DatabaseSchema,
  ) {}

  /** Applies what is pending. @returns the names of what was applied */
  async up(): Promise<string[]> {
    return this.exclusively(async (dataSource) => (await dataSource.runMigrations()).map(({ name }) => name));
  }

  /** Reverts the newest migration. @returns its name, or undefined where there is none left */
  async down(): Promise<string | undefined> {
    return this.exclusively(async (dataSource) => {
      const newest = (await this.applied(dataSource)).at(-1);
      if (newest !== undefined) await dataSource.undoLastMigration();
      return newest;
    });
  }

  async status(): Promise<MigrationStatus[]> {
    return this.connected(async (dataSource) => {
      const applied = new Set(await this.applied(dataSource));
      // As TypeORM names them in its table.
      const names = dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
      return names.map((name) => ({ name, applied: applied.has(name) }));
    });
  }

  /**
   * Readies the schema for a process that is about to use it. In production the deployment migrates, before the switch; a
   * process that did so by itself would do it unwatched.
   * @param isProduction whether to look only
   * @returns why the schema can't be used, or undefined where it can
   */
  async ready(isProduction: boolean): Promise<string | undefined> {
    if (!isProduction) {
      await this.up();
      return undefined;
    }
    const { length } = await this.pending();
    return length === 0 ? undefined : `The database lacks ${length} migration(s); run "tiptop migrate up" first.`;
  }

  /** Names of migrations not yet applied. */
  async pending(): Promise<string[]> {
    return (await this.status()).filter(({ applied }) => !applied).map(({ name }) => name);
  }

  private async applied(dataSource: DataSource): Promise<string[]> {
    const [table] = await dataSource.query<{ found: string | null }[]>(`SELECT to_regclass('migrations') AS found`);
    if (table?.found === null) return [];
    const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
    return rows.map(({ name }) => name);
  }

  private async exclusively<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    const lock = await AdvisoryLock.acquire(this.databaseUrl, 'migrations');
    try {
      return await this.connected(work);
    } finally {
      await lock.release();
    }
  }

  private async connected<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    const options = dataSourceOptions(this.databaseUrl, this.schema, 2);
    // A migration may take as long as the table is large.
    const dataSource = await new DataSource({ ...options, extra: {} }).initialize();
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }
}
