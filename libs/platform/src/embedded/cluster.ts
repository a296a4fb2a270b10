import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, EmbeddedPostgresError } from './embedded-postgres-error';
import type { PostgresBinaries } from './postgres-binaries';
import { isRunning } from './process-table';
import type { ServerAccount } from './server-account';
import { parseWorkspaceName, workspaceName } from './workspace-name';

/** The superuser that every connection uses. */
export const SUPERUSER = 'tiptop';

const PASSWORD_FILE = 'tiptop.password';

/** A folder initialised by initdb. */
export interface Cluster {
  directory: string;
  password: string;
}

export function clusterDirOf(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/**
 * Opens the cluster of a data directory, initialising it first when there is none.
 *
 * @param locales tried in this order; the system may lack one
 * @throws EmbeddedPostgresError when initdb fails, or when the folder holds something else
 */
export async function openCluster(
  dataDir: string,
  account: ServerAccount,
  binaries: PostgresBinaries,
  log: (message: string) => void,
  locales: readonly string[] = ['C.UTF-8', 'C'],
): Promise<Cluster> {
  await removeAbandonedWorkspaces(dataDir);
  const directory = clusterDirOf(dataDir);
  if (await isAbsentOrEmpty(directory)) {
    log(`creating a database in ${directory}`);
    await initialise(dataDir, account, binaries, locales);
  }
  if (!(await account.owns(directory))) await giveTree(directory, account);
  return { directory, password: await readPassword(directory) };
}

/** Works in a sibling folder and renames at the end: whenever this is killed, `postgres` is either complete or absent. */
async function initialise(
  dataDir: string,
  account: ServerAccount,
  binaries: PostgresBinaries,
  locales: readonly string[],
): Promise<void> {
  const workspace = join(dataDir, workspaceName(process.pid));
  const cluster = join(workspace, 'cluster');
  const passwordFile = join(workspace, 'password');
  try {
    for (const folder of [workspace, cluster]) {
      await mkdir(folder, { mode: 0o700 });
      await account.own(folder);
    }
    await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx' });
    await account.own(passwordFile);
    await runInitdb(cluster, passwordFile, account, binaries, locales);
    // Inside the cluster, so that the one rename publishes both.
    await rename(passwordFile, join(cluster, PASSWORD_FILE));
    await publish(cluster, dataDir);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

async function runInitdb(
  cluster: string,
  passwordFile: string,
  account: ServerAccount,
  binaries: PostgresBinaries,
  locales: readonly string[],
): Promise<void> {
  let output = '';
  for (const locale of locales) {
    const result = await account.run(binaries.initdb, [
      `--pgdata=${cluster}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      `--locale=${locale}`,
      '--lc-messages=C',
      '--no-instructions',
    ]);
    if (result.succeeded) return;
    output = result.output;
    if (!output.includes('invalid locale')) break;
  }
  // Its last lines tell the cause, the ones before only the progress.
  const cause = output.trim().split('\n').slice(-4).join('\n');
  throw new EmbeddedPostgresError(`The database in ${cluster} could not be initialised: ${cause}`);
}

async function publish(cluster: string, dataDir: string): Promise<void> {
  try {
    await rename(cluster, clusterDirOf(dataDir));
  } catch (error) {
    // Another process that started at the same time was faster: its cluster is as good.
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return;
    throw error;
  }
  // initdb has written the files to disk; their new name has to get there, too.
  const folder = await open(dataDir);
  await folder.sync().finally(() => folder.close());
}

async function isAbsentOrEmpty(directory: string): Promise<boolean> {
  let entries: string[];
  try {
    entries = await readdir(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    throw error;
  }
  if (entries.length === 0 || entries.includes('PG_VERSION')) return entries.length === 0;
  throw new EmbeddedPostgresError(
    `${directory} is not a PostgreSQL database, and it is not empty: move it away, or use another data directory.`,
  );
}

/** Repairs a cluster that root has copied or restored: the server refuses a folder that is not its account's. */
async function giveTree(directory: string, account: ServerAccount): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  for (const entry of entries) await account.own(join(entry.parentPath, entry.name));
  await chmod(directory, 0o700);
  // Last, because the owner of this folder tells that the rest is done.
  await account.own(directory);
}

async function readPassword(directory: string): Promise<string> {
  const file = join(directory, PASSWORD_FILE);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new EmbeddedPostgresError(
      `The database in ${directory} was not created by this program (${PASSWORD_FILE} is missing): move it away, or use ` +
        'another data directory.',
      { cause: error },
    );
  }
}

/** Removes what killed processes have left of an initialisation. */
async function removeAbandonedWorkspaces(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    const creator = parseWorkspaceName(name);
    if (creator === undefined || (await isRunning(creator))) continue;
    // An initdb that outlived its parent may still be writing; a rest is removed at the next start.
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}
