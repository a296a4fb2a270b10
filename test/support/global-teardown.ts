import { rm } from 'node:fs/promises';
import type { TestServer } from './test-server';

export default async function globalTeardown(): Promise<void> {
  const { testServer } = globalThis as { testServer?: TestServer };
  await testServer?.server.stop();
  if (testServer) await rm(testServer.dataDir, { recursive: true, force: true });
}
