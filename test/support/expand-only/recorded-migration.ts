import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a migration does, in its order. */
export interface RecordedMigration {
  name: string;
  /** Whether all of it stands or falls together. */
  inTransaction: boolean;
  statements: string[];
}

/**
 * Lets a migration go up on nothing, and writes down what it asks for. Each query is answered by no rows.
 * @throws Error where it does anything but ask: what TypeORM would make of it can't be judged here
 */
export async function recordUp(migration: new () => MigrationInterface): Promise<RecordedMigration> {
  const subject = new migration();
  const statements: string[] = [];
  const known: Partial<QueryRunner> = {
    query: (sql: string): Promise<never> => {
      statements.push(sql);
      return Promise.resolve([] as never);
    },
  };
  const runner = new Proxy(known, {
    get(target, property) {
      if (property in target) return target[property as keyof QueryRunner];
      throw new Error(
        `${migration.name} uses runner.${String(property)}; what it does is judged by runner.query alone`,
      );
    },
  });
  await subject.up(runner as QueryRunner);
  return { name: migration.name, inTransaction: subject.transaction ?? true, statements };
}
