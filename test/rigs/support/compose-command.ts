import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ComposeCommand {
  program: string;
  /** What comes before compose's own arguments. */
  first: readonly string[];
  isPlugin: boolean;
}

/** The plugin of the client where this machine has it, or the program of Debian 12. */
export async function composeCommand(): Promise<ComposeCommand> {
  return run('docker', ['compose', 'version']).then(
    () => ({ program: 'docker', first: ['compose'], isPlugin: true }),
    () => ({ program: 'docker-compose', first: [], isPlugin: false }),
  );
}
