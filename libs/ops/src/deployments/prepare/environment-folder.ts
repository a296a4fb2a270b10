import { access, cp, lstat, mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OpsEnvironment } from '@tiptop/platform';
import { StepFailure } from '../../backups/backup-source';
import { fileFailure } from '../../files/file-fault';
import { IMAGES_FILE } from '../containers/compose-project';
import { BY_SERVICE, ROUTED } from '../rollout/upstreams-file';

const UPSTREAMS = 'state/nginx/upstreams.conf';
/** Read by compose and nginx before anything was deployed, and written anew by every deployment. */
const FIRST_STATE: Readonly<Record<string, string>> = {
  // The older compose takes a file without a service for one of its first format.
  [IMAGES_FILE]: '# Written anew by "tiptop deploy".\nservices:\n  api: {}\n',
  [UPSTREAMS]: ROUTED.map((service) => `map "" $${service}_host { default ${BY_SERVICE[service]}; }\n`).join(''),
};

/** Mounted: the engine would make them for root alone. */
const EMPTY_FOLDERS = ['state/acme', 'certificates', 'snapshots'] as const;

/** The folder of an environment on its host. */
export class EnvironmentFolder {
  constructor(readonly path: string) {}

  /**
   * Copies the files of the checkout that are missing here. Those that are there stay: what serves runs by them, and the
   * next deployment brings its own.
   * @returns names of what was made
   * @throws StepFailure where the checkout lacks one, or the folder can't be written
   */
  async furnish(source: string, environment: OpsEnvironment): Promise<string[]> {
    const made: string[] = [];
    await this.folder('.');
    for (const name of ['docker-compose.yml', `docker-compose.${environment}.yml`, 'deploy/nginx']) {
      if (await this.copy(source, name)) made.push(name);
    }
    for (const name of EMPTY_FOLDERS) await this.folder(name);
    for (const [name, text] of Object.entries(FIRST_STATE)) {
      if (await this.write(name, text)) made.push(name);
    }
    return made;
  }

  /** A folder below this one, with those above it. */
  async folder(name: string): Promise<string> {
    const path = join(this.path, name);
    await mkdir(path, { recursive: true, mode: 0o755 }).catch((error: unknown) => {
      throw fileFailure(path, error);
    });
    return path;
  }

  /**
   * Has the checkout use this environment's settings, unless it has some.
   * @returns whether it does
   */
  async lendSettings(checkout: string): Promise<boolean> {
    const [link, target] = [join(checkout, '.env'), join(this.path, '.env')];
    try {
      await symlink(target, link);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileFailure(link, error);
      const present = await readlink(link).catch(() => undefined);
      return present === target;
    }
  }

  private async copy(source: string, name: string): Promise<boolean> {
    const from = join(source, name);
    if (await isThere(join(this.path, name))) return false;
    try {
      await access(from);
    } catch {
      throw new StepFailure(`${from} is missing: run this in a checkout of the-tip-top`, false);
    }
    await this.folder(dirname(name));
    await cp(from, join(this.path, name), { recursive: true, force: false }).catch((error: unknown) => {
      throw fileFailure(name, error);
    });
    return true;
  }

  private async write(name: string, text: string): Promise<boolean> {
    await this.folder(dirname(name));
    try {
      await writeFile(join(this.path, name), text, { flag: 'wx', mode: 0o644 });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw fileFailure(join(this.path, name), error);
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
