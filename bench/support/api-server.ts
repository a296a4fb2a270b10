import { join } from 'node:path';
import { ChildServer } from './child-server';

/** The service, in a process of its own. */
export async function startApi(environment: Record<string, string>): Promise<ChildServer> {
  return ChildServer.start(join(__dirname, '../../apps/api/src/main.js'), environment);
}
