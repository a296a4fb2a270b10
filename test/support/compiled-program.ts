import { execFile } from 'node:child_process';
import { mkdtemp, realpath, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How the global setup tells the workers where the programs are. */
export const PROGRAM_VARIABLE = 'TIPTOP_TEST_PROGRAM';

/**
 * Compiles the sources as `npm run build` does, once for the whole run and to a folder that nobody rebuilds meanwhile.
 * @returns the folder; the programs stand under its `dist`
 */
export async function compileProgram(): Promise<string> {
  const folder = await newFolder();
  await run(process.execPath, ['scripts/build.mjs', '--out-dir', join(folder, 'dist')]);
  return folder;
}

/** A folder of a test's own to start the compiled programs in; they stand under its `dist`. */
export async function programFolder(): Promise<string> {
  const compiled = process.env[PROGRAM_VARIABLE];
  if (compiled === undefined) throw new Error('The programs are compiled by test/support/global-setup.ts');
  const folder = await newFolder();
  await symlink(join(compiled, 'dist'), join(folder, 'dist'));
  return folder;
}

async function newFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tiptop-program-')));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}
