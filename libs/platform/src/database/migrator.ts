import { DataSource, type EntityManager } from 'typeorm';
import type { AuditActor } from '../audit/audit-actions';
import { AuditLog, type AuditRecord } from '../audit/audit-log';
import { SystemClock } from '../clock/clock';
import { AdvisoryLock } from '../locks/advisory-lock';
import { type DatabaseSchema, dataSourceOptions } from './database.module';
import { LOCK_PATIENCE, type LockPatience, withPatience } from './lock-patience';
import { bindOwners } from './owner-rights';
import { assertServiceRole, grantServiceRole } from './service-role';

export interface MigrationStatus {
  name: string;
  applied: boolean;
}

export interface MigrationOptions {
  /** Who has it done, for the audit log; what a process does by itself outside of production stands in none. */
  by?: AuditActor | undefined;
  /** The role that is to be given what the service needs. */
  serviceRole?: string | undefined;
}

/** By which the sessions of migrations are known: there is one process at a time that has any. */
const APPLICATION = 'tiptop migrations';
/** One that migrates, and one that watches what it waits for. */
const CONNECTIONS = 2;

/** Moves the schema up and down. Processes that start at once take turns. */
export class Migrator {
  constructor(
    private readonly databaseUrl: string,
    private readonly schema: DatabaseSchema,
    private readonly patience: LockPatience = LOCK_PATIENCE,
  ) {}

  /**
   * Applies what is pending, and then sets the rights right.
   * @returns the names of what was applied
   * @throws ServiceRoleError where the service's role can't be given its rights. Where that shows only once everything
   * is there, what was applied stays. MigrationBlocked where another session keeps a lock that one needs
   */
  async up({ by, serviceRole }: MigrationOptions = {}): Promise<string[]> {
    const { keptTables = {} } = this.schema;
    return this.exclusively(async (dataSource) => {
      if (serviceRole !== undefined) await assertServiceRole(dataSource.manager, serviceRole);
      const before = new Set(await this.applied(dataSource));
      await withPatience(dataSource, this.patience, async () => dataSource.runMigrations());
      // Of a try that was given up in the middle, what came before is applied as well.
      const applied = (await this.applied(dataSource)).filter((name) => !before.has(name));
      if (applied.length > 0)
        await this.record(dataSource.manager, by, { action: 'schema-migrated', details: { applied } });
      await withPatience(dataSource, this.patience, async () =>
        dataSource.transaction(async (manager) => {
          await bindOwners(manager, keptTables);
          if (serviceRole === undefined) return;
          await grantServiceRole(manager, serviceRole, keptTables);
          await this.record(manager, by, { action: 'rights-granted', details: { role: serviceRole } });
        }),
      );
      return applied;
    });
  }

  /**
   * Reverts the newest migration.
   * @returns its name, or undefined where there is none left
   * @throws MigrationBlocked
   */
  async down({ by }: Pick<MigrationOptions, 'by'> = {}): Promise<string | undefined> {
    return this.exclusively(async (dataSource) => {
      const newest = (await this.applied(dataSource)).at(-1);
      if (newest === undefined) return undefined;
      await withPatience(dataSource, this.patience, async () => dataSource.undoLastMigration());
      await this.record(dataSource.manager, by, { action: 'schema-reverted', details: { reverted: newest } });
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
    if (await this.lacks(dataSource.manager, 'migrations')) return [];
    const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
    return rows.map(({ name }) => name);
  }

  /** Nothing where the audit log is not there yet, or not any more. */
  private async record(
    manager: EntityManager,
    actor: AuditActor | undefined,
    deed: Pick<AuditRecord, 'action' | 'details'>,
  ): Promise<void> {
    if (!actor || (await this.lacks(manager, 'audit_entries'))) return;
    await new AuditLog(manager.dataSource, new SystemClock()).record(manager, { ...deed, actor });
  }

  private async lacks(manager: EntityManager, table: string): Promise<boolean> {
    const [row] = await manager.query<{ found: string | null }[]>(`SELECT to_regclass($1) AS found`, [table]);
    return row?.found === null;
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
    const options = dataSourceOptions(this.databaseUrl, this.schema, CONNECTIONS);
    // A migration may take as long as the table is large, but what it waits for keeps everybody else waiting behind it.
    const extra = { application_name: APPLICATION, lock_timeout: this.patience.waitMs };
    const dataSource = await new DataSource({ ...options, extra }).initialize();
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }
}
