import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { PROGRAM_VARIABLE } from '../../../support/compiled-program';

const run = promisify(execFile);
const LIST_BYTES = 16 * 1024 * 1024;

/**
 * A clone of this repository after `npm ci`, as far as a deployment can tell: every file that git knows of or would take,
 * the installed packages, and the compiled programs.
 */
export async function makeCheckout(folder: string): Promise<void> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = await run('git', args, { maxBuffer: LIST_BYTES });
  for (const name of stdout.split('\0').filter((one) => one !== '')) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    // One that was removed and is not committed yet is in the list as well.
    await cp(name, join(folder, name)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  // After the sources, so that it counts as newer than them.
  await cp(join(process.env[PROGRAM_VARIABLE] ?? '', 'dist'), join(folder, 'dist'), { recursive: true });
}

/**
 * Makes compose look at the containers' health each second and give one up after some twenty: what they do about it is the
 * same, and a container that never gets healthy would keep the rig waiting for a minute and a half.
 */
export async function hastenHealth(folder: string): Promise<void> {
  const path = join(folder, 'docker-compose.yml');
  const before = await readFile(path, 'utf8');
  const after = before
    .replaceAll(/^( +)interval: \d+s$/gm, '$1interval: 1s')
    .replaceAll(/^( +)start_period: \d+s$/gm, '$1start_period: 15s')
    .replaceAll(/^( +)retries: \d+$/gm, '$1retries: 6');
  if (after === before) throw new Error('docker-compose.yml has no healthchecks that could be hastened');
  await writeFile(path, after);
}
