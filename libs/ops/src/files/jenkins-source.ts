import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AppConfig } from '@tiptop/platform';
import { Injectable } from '@nestjs/common';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { type BackupContext, type BackupSource, type SourceProduct, StepFailure } from '../backups/backup-source';
import { diskUsage } from './disk-usage';
import { fileFailure, isMissing } from './file-fault';
import { readTree, type Tree } from './file-tree';
import { fitsMasterKey } from './jenkins-keys';
import { type JenkinsPlugins, pluginList, readPlugins } from './jenkins-plugins';
import { isOfJenkins, JENKINS_FOLDERS, JOBS } from './jenkins-selection';
import { shownName } from './shown-name';
import { StoredFiles } from './stored-files';

const PREFIX = 'jenkins';
const PLUGINS = 'plugins';
const PLUGIN_LIST = 'plugins.txt';
const MASTER_KEY = 'secrets/master.key';
const SECRET_KEY = 'secrets/hudson.util.Secret';
const CREDENTIALS = 'credentials.xml';
/** Without them the rest is no use: credentials without their keys are lost. */
const ESSENTIAL = ['config.xml', MASTER_KEY, SECRET_KEY];
const JOB = /^jobs\/.+\/config\.xml$/;
/** Of Jenkins itself, in its config.xml. */
const VERSION = /<version>([\w.-]+)<\/version>/;
const MOST_FILES = 200_000;

/**
 * How Jenkins was set up: jobs, credentials with their keys, users, agents, global settings, and which plugins it has. Not
 * what builds have made, nor the plugins themselves, which stand in Jenkins' update centre by name and version.
 */
@Injectable()
export class JenkinsSource implements BackupSource {
  readonly name = 'jenkins';
  readonly disabled: string | undefined;
  private readonly home: string;

  constructor({ ops }: AppConfig) {
    if (ops.jenkinsHome === undefined) this.disabled = 'JENKINS_HOME is not set';
    this.home = ops.jenkinsHome ?? '';
  }

  async estimate(signal: AbortSignal): Promise<number | undefined> {
    try {
      const { files } = await this.find(signal);
      return files.reduce((sum, { bytes }) => sum + diskUsage(bytes), 0);
    } catch (error) {
      // Its own step will tell.
      if (error instanceof StepFailure) return undefined;
      throw error;
    }
  }

  async produce(context: BackupContext): Promise<SourceProduct> {
    const tree = await this.find(context.signal);
    const plugins = await this.plugins();
    const stored = await StoredFiles.begin(context, PREFIX);
    for (const [n, { path, real }] of tree.files.entries()) {
      context.progress('Copying the settings of Jenkins', n, tree.files.length);
      try {
        await stored.copy(real, path, join(this.home, path));
      } catch (error) {
        context.signal.throwIfAborted();
        throw fileFailure(shownName(join(this.home, path)), error);
      }
    }
    const { version, warnings: faults } = await this.readBack(join(context.folder, PREFIX));
    await stored.write(PLUGIN_LIST, pluginList(plugins, version));
    const jobs = stored.artifacts.filter(({ path }) => JOB.test(path.slice(PREFIX.length + 1))).length;
    const warnings = [
      ...tree.omitted.map(({ path, why }) => `${shownName(join(this.home, path))} ${why}`),
      ...stored.warnings,
      ...faults,
      ...plugins.warnings,
    ];
    if (!stored.has(CREDENTIALS))
      warnings.push(`${join(this.home, CREDENTIALS)} is missing: no credentials were saved`);
    if (jobs === 0) warnings.push(`${join(this.home, JOBS)} holds no job`);
    return {
      artifacts: stored.artifacts,
      warnings,
      detail: `${jobs} jobs, ${plugins.plugins.length} plugins, ${stored.artifacts.length} files of ${bytesInWords(stored.bytes)}`,
      ...(version === undefined ? {} : { tools: { jenkins: version } }),
    };
  }

  /** @throws StepFailure where it is no Jenkins home, or can't be read in full */
  private async find(signal: AbortSignal): Promise<Tree> {
    const within: string[] = [];
    for (const folder of ['', ...JENKINS_FOLDERS]) {
      // One of them may be a link to a larger disk.
      const path = join(this.home, folder);
      try {
        within.push(await realpath(path));
      } catch (error) {
        if (folder === '' || folder === JOBS || !isMissing(error)) throw fileFailure(path, error);
      }
    }
    const tree = await readTree(this.home, { within, wants: isOfJenkins, mostFiles: MOST_FILES, signal });
    const [unreadable] = tree.unreadable;
    if (unreadable) throw fileFailure(join(this.home, unreadable.path), unreadable.error);
    const missing = ESSENTIAL.filter((path) => !tree.files.some((file) => file.path === path && file.bytes > 0));
    if (missing.length > 0) {
      const names = missing.map((path) => join(this.home, path)).join(', ');
      throw new StepFailure(`${names}: missing or empty, and Jenkins can't be set up again without it`, false);
    }
    return tree;
  }

  private async plugins(): Promise<JenkinsPlugins> {
    const folder = join(this.home, PLUGINS);
    try {
      return await readPlugins(folder);
    } catch (error) {
      if (isMissing(error)) return { plugins: [], warnings: [`${folder} is missing: Jenkins has no plugins`] };
      throw fileFailure(folder, error);
    }
  }

  /** What the copies tell. */
  private async readBack(folder: string): Promise<{ version: string | undefined; warnings: string[] }> {
    try {
      const [config = '', masterKey = '', secret = ''] = await Promise.all(
        ESSENTIAL.map((path) => readFile(join(folder, path), 'latin1')),
      );
      const fits = fitsMasterKey(Buffer.from(masterKey, 'latin1'), Buffer.from(secret, 'latin1'));
      const warning = `${join(this.home, SECRET_KEY)} does not open with ${MASTER_KEY}: the credentials would be lost`;
      return { version: VERSION.exec(config)?.[1], warnings: fits ? [] : [warning] };
    } catch (error) {
      throw fileFailure('The copy of Jenkins’ keys', error);
    }
  }
}
