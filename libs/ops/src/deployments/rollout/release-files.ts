import { readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { HiddenWords } from '../../alerts/hidden-words';
import { fileFailure, isMissing } from '../../files/file-fault';
import { type ComposeProject, composeProject, IMAGES_FILE } from '../containers/compose-project';
import type { Release } from '../release';
import { imagesText, parseImages } from './images-file';
import { secretsOf } from './known-secrets';
import { replaceFile, textIfAny } from './replaced-file';
import { parseUpstreams, type Routes, upstreamsText } from './upstreams-file';

const SETTINGS_FILE = '.env';
/** What the containers mount of a release. */
const MOUNTED_FOLDER = 'deploy';
const UPSTREAMS_FILE = join('state', 'nginx', 'upstreams.conf');
const SECRETS_FOLDER = 'secrets';

/** The environment's folder: the files of the release, and those that say which release it is. */
@Injectable()
export class ReleaseFiles {
  readonly folder: string;
  private readonly source: string;
  private readonly imagesPath: string;
  private readonly upstreamsPath: string;

  constructor({ ops }: AppConfig) {
    const { path, source } = ops.deploy;
    this.folder = path;
    this.source = source;
    this.imagesPath = join(path, IMAGES_FILE);
    this.upstreamsPath = join(path, UPSTREAMS_FILE);
  }

  /** @throws StepFailure where the folder's settings don't say how compose is to be run */
  async project(): Promise<ComposeProject> {
    return composeProject(this.folder);
  }

  /**
   * Puts the files of the release, from the checkout, in the place of those of the last one: what its `.env` names for
   * compose, that `.env` itself, and the folder `deploy`. Each is whole at every moment, and the folder itself stays the
   * same: containers have mounted it.
   * @throws StepFailure; before anything is changed where one of them is missing
   */
  async install(): Promise<void> {
    const { files } = await composeProject(this.source);
    if (await this.isInstalledFromItself()) return;
    const named = [...files.filter((file) => file !== IMAGES_FILE), SETTINGS_FILE];
    const mounted = await filesBelow(join(this.source, MOUNTED_FOLDER));
    const paths = [...named, ...mounted.map((file) => join(MOUNTED_FOLDER, file))];
    const read = await Promise.all(
      paths.map(async (path) => [path, await contentOf(join(this.source, path))] as const),
    );
    for (const [path, { content, mode }] of read) await replaceFile(join(this.folder, path), content, mode);
    await this.clear(new Set(mounted));
  }

  /** The release that compose would start; undefined before the first one. @throws StepFailure */
  async images(): Promise<Release | undefined> {
    const text = await textIfAny(this.imagesPath);
    return text === undefined ? undefined : parseImages(text, this.imagesPath);
  }

  /** @throws StepFailure */
  async writeImages(release: Release): Promise<void> {
    await replaceFile(this.imagesPath, imagesText(release));
  }

  /** Where requests go; undefined before the first deployment. @throws StepFailure */
  async routes(): Promise<Routes | undefined> {
    const text = await textIfAny(this.upstreamsPath);
    return text === undefined ? undefined : parseUpstreams(text);
  }

  /** nginx does not look at it by itself. @throws StepFailure */
  async writeRoutes(routes: Routes): Promise<void> {
    await replaceFile(this.upstreamsPath, upstreamsText(routes));
  }

  /** Does something with the file of the routes replaced, and puts the old one back where that fails. @throws its fault */
  async withRoutes<T>(routes: Routes, work: () => Promise<T>): Promise<T> {
    const before = await textIfAny(this.upstreamsPath);
    await this.writeRoutes(routes);
    try {
      return await work();
    } catch (error) {
      if (before === undefined) await rm(this.upstreamsPath, { force: true });
      else await replaceFile(this.upstreamsPath, before);
      throw error;
    }
  }

  /** Values of the environment's settings and secrets, as far as this user may read them: no log of a container is told with them. */
  async secrets(): Promise<HiddenWords> {
    return secretsOf(join(this.folder, SETTINGS_FILE), join(this.folder, SECRETS_FOLDER));
  }

  private async isInstalledFromItself(): Promise<boolean> {
    const target = await realpath(this.folder).catch(() => undefined);
    return target === (await realpath(this.source));
  }

  /** What the last release had and this one has not. */
  private async clear(kept: ReadonlySet<string>): Promise<void> {
    const folder = join(this.folder, MOUNTED_FOLDER);
    const known = new Set([...kept].map((file) => dirname(file)));
    for (const file of await filesBelow(folder)) {
      // Of folders that are not the release's, nothing: somebody has put them there.
      if (!kept.has(file) && known.has(dirname(file))) await rm(join(folder, file), { force: true });
    }
  }
}

/** Files below a folder, by their paths in it, sorted. */
async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return files.map((entry) => relative(folder, entry.parentPath + sep + entry.name)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileFailure(folder, error);
  }
}

/** Jenkins gives the settings as a link to where it keeps them: what counts is what is in it. */
async function contentOf(path: string): Promise<{ content: Buffer; mode: number }> {
  try {
    const { mode } = await stat(path);
    // Settings may hold passwords, whatever the checkout's mode says.
    const isSettings = path.endsWith(SETTINGS_FILE);
    return { content: await readFile(path), mode: isSettings ? 0o600 : mode & 0o755 };
  } catch (error) {
    throw fileFailure(path, error);
  }
}
