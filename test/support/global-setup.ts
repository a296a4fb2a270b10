import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres, Migrator } from '@tiptop/platform';
import { schema } from '../../migrations/data-source';
import { compileProgram, PROGRAM_VARIABLE } from './compiled-program';
import { SERVER_URL_VARIABLE, TEMPLATE_DATABASE, type TestServer } from './test-server';

/** For the whole run: the compiled programs, and one PostgreSQL with one migrated template that each spec file clones. */
export default async function globalSetup(): Promise<void> {
  const [testServer, program] = await Promise.all([startServer(), compileProgram()]);
  process.env[PROGRAM_VARIABLE] = program;
  process.env[SERVER_URL_VARIABLE] = testServer.server.urlFor('postgres');
  (globalThis as { testServer?: TestServer }).testServer = testServer;
}

async function startServer(): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tiptop-test-'));
  // Nothing here outlives the run, so nothing need survive a power cut. Locks and races are as real as ever.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const server = await EmbeddedPostgres.start({ dataDir, database: TEMPLATE_DATABASE, settings });
  await new Migrator(server.url, schema).up();
  return { server, dataDir };
}
