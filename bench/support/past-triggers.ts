import type { DataSource, QueryRunner } from 'typeorm';

/** Writes what months would have left, past every trigger and foreign key; whoever does so counts it afterwards. */
export async function writePastTriggers(
  dataSource: DataSource,
  write: (runner: QueryRunner) => Promise<unknown>,
): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SET session_replication_role = replica');
    // So that the index of names is filled in one go and not row by row.
    await runner.query(`SET gin_pending_list_limit = '1GB'`);
    await write(runner);
    await runner.query('RESET ALL');
  } finally {
    await runner.release();
  }
}
