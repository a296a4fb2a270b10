import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres, Migrator } from '@tiptop/platform';
import { Client } from 'pg';
import { schema } from '../../migrations/data-source';

/** A migrated database that exists for one benchmark. */
export interface BenchDatabase {
  url: string;
  drop: () => Promise<void>;
}

/** On the server of DATABASE_URL where it is set; else on an embedded one with its ordinary settings, fsync included. */
export async function createBenchDatabase(): Promise<BenchDatabase> {
  const given = process.env.DATABASE_URL;
  return given ? onGivenServer(given) : onEmbeddedServer();
}

async function onEmbeddedServer(): Promise<BenchDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tiptop-bench-'));
  const server = await EmbeddedPostgres.start({ dataDir });
  await new Migrator(server.url, schema).up();
  return {
    url: server.url,
    drop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function onGivenServer(given: string): Promise<BenchDatabase> {
  const name = `tiptop_bench_${randomBytes(4).toString('hex')}`;
  await run(given, `CREATE DATABASE ${name}`);
  const url = new URL(given);
  url.pathname = `/${name}`;
  await new Migrator(url.href, schema).up();
  return { url: url.href, drop: () => run(given, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
