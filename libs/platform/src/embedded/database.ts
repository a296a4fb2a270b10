import { Client, escapeIdentifier } from 'pg';
import { codeOf } from './embedded-postgres-error';

/**
 * Creates a database unless it exists.
 *
 * @param maintenanceUrl of another database of the same server
 */
export async function createDatabase(maintenanceUrl: string, name: string): Promise<void> {
  const client = new Client({ connectionString: maintenanceUrl, ssl: false });
  // An error that no query waits for must not end the process; the next query reports it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
  } catch (error) {
    // Another process created it since: duplicate_database, or unique_violation when both were at it.
    if (codeOf(error) !== '42P04' && codeOf(error) !== '23505') throw error;
  } finally {
    await client.end();
  }
}
