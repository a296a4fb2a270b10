import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileFailure, isMissing } from '../files/file-fault';
import { IMAGES_FILE } from './containers/compose-project';
import { replaceFile } from './rollout/replaced-file';

const SETTINGS = '.env';
const MOUNTED_FOLDER = 'deploy';
const COMPOSE_FILE = /^docker-compose(\.[a-z]+)?\.yml$/;
const PERMISSIONS = 0o777;

interface KeptFile {
  content: Buffer;
  mode: number;
}

/**
 * The files of an environment as they were before they were changed, but for where nginx passes requests on to, which goes with
 * the containers. They are small, and kept in memory: what a killed process takes with it, production has in the snapshot.
 */
export class KeptFiles {
  private constructor(
    private readonly folder: string,
    private readonly files: ReadonlyMap<string, KeptFile>,
  ) {}

  /** @throws StepFailure */
  static async of(folder: string): Promise<KeptFiles> {
    const files = new Map<string, KeptFile>();
    for (const path of await pathsIn(folder)) {
      try {
        const { mode } = await stat(join(folder, path));
        files.set(path, { content: await readFile(join(folder, path)), mode: mode & PERMISSIONS });
      } catch (error) {
        if (!isMissing(error)) throw fileFailure(join(folder, path), error);
      }
    }
    return new KeptFiles(folder, files);
  }

  /**
   * Each as it was, whole at every moment; and none that was not there.
   * @throws StepFailure
   */
  async restore(): Promise<void> {
    for (const [path, { content, mode }] of this.files) await replaceFile(join(this.folder, path), content, mode);
    for (const path of await pathsIn(this.folder)) {
      if (!this.files.has(path)) await rm(join(this.folder, path), { force: true });
    }
  }
}

async function pathsIn(folder: string): Promise<string[]> {
  const own = (await entriesOf(folder, false)).filter((name) => COMPOSE_FILE.test(name) || name === IMAGES_FILE);
  const mounted = await entriesOf(join(folder, MOUNTED_FOLDER), true);
  return [SETTINGS, ...own, ...mounted.map((path) => join(MOUNTED_FOLDER, path))];
}

/** Files by their paths in the folder. */
async function entriesOf(folder: string, recursive: boolean): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileFailure(folder, error);
  }
}
