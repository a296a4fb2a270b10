import { chmod, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileFailure } from '../../archive/file-failure';
import type { Sum } from '../../archive/sha256-sums';
import { syncToDisk } from '../../artifacts/hashed-file';
import { StepFailure } from '../../backups/backup-source';
import { copyFile } from '../../files/file-copy';
import { isMissing } from '../../files/file-fault';
import { composeProject } from '../containers/compose-project';
import { replaceFile } from '../rollout/replaced-file';

/** What compose interpolates with: it may hold secrets. */
const SETTINGS = '.env';
const OWNER_ALONE = 0o600;
const NOBODY_ELSE_WRITES = 0o755;
/** What the containers mount of a release: the configuration of nginx, for one. */
const MOUNTED_FOLDER = 'deploy';
/** More is no configuration. */
const MOST_FILES = 1000;

/**
 * Copies the files that say how an environment is run, on to the disk: the compose files that its `.env` names, that, and the
 * folder `deploy`. A link is copied as what it leads to.
 * @returns the sums of the copies, by their paths below `to`
 * @throws StepFailure that names what is missing
 */
export async function copyRelease(from: string, to: string, signal: AbortSignal): Promise<Sum[]> {
  const { files } = await composeProject(from);
  const mounted = await filesBelow(from, MOUNTED_FOLDER);
  if (mounted.length === 0) throw new StepFailure(`${join(from, MOUNTED_FOLDER)} is missing or empty`, false);
  const paths = [...files, SETTINGS, ...mounted];
  if (paths.length > MOST_FILES) {
    const count = `${paths.length} files to be copied, more than ${MOST_FILES}`;
    throw new StepFailure(`${from} has ${count}: is something in the wrong place?`, false);
  }
  const sums: Sum[] = [];
  for (const path of paths) sums.push({ path, sha256: await copyOne(from, to, path, signal) });
  for (const folder of foldersOf(paths)) await syncToDisk(join(to, folder));
  return sums;
}

/**
 * Puts copies back, each of them whole or not at all, and removes what a later release has put beside those that are mounted.
 * @param paths of the copies, below `from`
 * @throws StepFailure
 */
export async function restoreRelease(
  from: string,
  to: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const path of paths) {
    try {
      signal.throwIfAborted();
      const copy = join(from, path);
      const { mode } = await stat(copy);
      await replaceFile(join(to, path), await readFile(copy), mode & 0o777);
    } catch (error) {
      throw fileFailure(error, `${path} could not be put back into ${to}`, signal);
    }
  }
  const folders = foldersOf(paths);
  for (const path of await filesBelow(to, MOUNTED_FOLDER)) {
    // Of folders that are not the release's, nothing: somebody has put them there.
    if (!paths.includes(path) && folders.has(dirname(path))) await rm(join(to, path), { force: true });
  }
}

async function copyOne(from: string, to: string, path: string, signal: AbortSignal): Promise<string> {
  const copy = join(to, path);
  try {
    const { sha256, unsettled } = await copyFile(await realpath(join(from, path)), copy, signal);
    if (unsettled) throw new StepFailure(`${join(from, path)} kept changing while it was copied`);
    const { mode } = await stat(copy);
    await chmod(copy, mode & (path === SETTINGS ? OWNER_ALONE : NOBODY_ELSE_WRITES));
    await syncToDisk(copy);
    return sha256;
  } catch (error) {
    throw fileFailure(error, `${join(from, path)} could not be copied`, signal);
  }
}

/** All folders above these files, relative, `.` among them. */
function foldersOf(paths: readonly string[]): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(path); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  }
  return folders;
}

/** @returns their paths below the root, sorted; none where there is no such folder */
async function filesBelow(root: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return files.map(({ parentPath, name }) => relative(resolve(root), resolve(parentPath, name))).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileFailure(error, `${join(root, folder)} could not be read`);
  }
}
