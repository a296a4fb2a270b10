import { execFile } from 'node:child_process';
import { mkdtemp, realpath, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Compiles the sources as `npm run build` does, to a folder of its own that nobody rebuilds meanwhile.
 * @returns the folder; the programs stand under its `dist`
 */
export async function compileProgram(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tiptop-program-')));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await run(process.execPath, ['scripts/build.mjs', '--out-dir', join(folder, 'dist')]);
  return folder;
}
