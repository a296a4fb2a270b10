import { rm } from 'node:fs/promises';
import { PROGRAM_VARIABLE } from './compiled-program';
import type { TestServer } from './test-server';

export default async function globalTeardown(): Promise<void> {
  const { testServer } = globalThis as { testServer?: TestServer };
  await testServer?.server.stop();
  for (const folder of [testServer?.dataDir, process.env[PROGRAM_VARIABLE]]) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
