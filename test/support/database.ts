import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { SERVER_URL_VARIABLE, TEMPLATE_DATABASE } from './test-server';

/** A database of a spec file's own, with the current schema. */
export interface TestDatabase {
  name: string;
  url: string;
  drop: () => Promise<void>;
}

/** @param template which database to clone; the migrated template unless told otherwise, `template0` for an empty one */
export async function createTestDatabase(template = TEMPLATE_DATABASE): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Runs one statement on the maintenance database. */
export async function onServer(sql: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function serverUrl(): string {
  const url = process.env[SERVER_URL_VARIABLE];
  if (url === undefined) throw new Error('The test server is started by test/support/global-setup.ts');
  return url;
}
