import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { EmbeddedPostgres } from './index';
import { Scratch } from './spec-support/scratch';

describe('The log of the embedded server', () => {
  const scratch = new Scratch();
  afterAll(() => scratch.clear());

  it('tells what failed, and quotes nothing of what somebody typed', async () => {
    const dataDir = scratch.dataDir();
    // Not open to change either.
    const settings = { log_error_verbosity: 'verbose', log_min_error_statement: 'error' };
    const database = await EmbeddedPostgres.start({ dataDir, settings });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`CREATE TABLE people (email text CONSTRAINT people_email_key UNIQUE, age int CHECK (age > 17))`);
    const insert = 'INSERT INTO people (email, age) VALUES ($1, $2)';
    await client.query(insert, ['zebulonette@example.fr', 40]);
    await expect(client.query(insert, ['zebulonette@example.fr', 41])).rejects.toMatchObject({ code: '23505' });
    await expect(client.query(insert, ['quatrefages@example.fr', 17])).rejects.toMatchObject({ code: '23514' });
    await expect(
      client.query(`INSERT INTO people (email, age) VALUES ('zebulonette@example.fr', 42)`),
    ).rejects.toMatchObject({ code: '23505' });
    await client.end();
    await database.stop();
    const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    expect(log.match(/people_email_key/g)).toHaveLength(2);
    expect(log).toContain('people_age_check');
    expect(log).not.toMatch(/zebulonette|quatrefages|INSERT/);
  });
});
