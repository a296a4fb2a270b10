import { join } from 'node:path';
import { AppConfig } from '@tiptop/platform';
import { Injectable } from '@nestjs/common';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { type BackupContext, type BackupSource, type SourceProduct, StepFailure } from '../backups/backup-source';
import { diskUsage } from './disk-usage';
import { fileFailure, fileFault, isFaultOfCopy } from './file-fault';
import type { Tree } from './file-tree';
import { findPaths, type ListedPath, listPaths } from './listed-paths';
import { shownName } from './shown-name';
import { StoredFiles } from './stored-files';

const PREFIX = 'config';
/** Which links there were and where they led, for whoever puts the files back. */
const LINKS = 'LINKS.json';
const MOST_REASONS = 3;

/**
 * What the installation was set up with: the files and folders of BACKUP_CONFIG_PATHS, and those of
 * BACKUP_CONFIG_OPTIONAL_PATHS that there are.
 *
 * A link is stored as what it leads to, where that stands in one of the listed paths: certificates of Let's Encrypt are
 * links from `live` into `archive`, so that both are to be listed, or the folder above them. One that leads elsewhere is
 * not followed, since nobody has asked for its target, and makes the run degraded.
 */
@Injectable()
export class ConfigurationSource implements BackupSource {
  readonly name = 'configuration';
  readonly disabled: string | undefined;
  private readonly listed: readonly ListedPath[];

  constructor({ ops }: AppConfig) {
    this.listed = listPaths(ops.configPaths, ops.optionalConfigPaths);
    if (this.listed.length === 0) this.disabled = 'BACKUP_CONFIG_PATHS and BACKUP_CONFIG_OPTIONAL_PATHS are empty';
  }

  async estimate(signal: AbortSignal): Promise<number | undefined> {
    try {
      const { trees } = await findPaths(this.listed, signal);
      return trees.flatMap(({ tree }) => tree.files).reduce((sum, { bytes }) => sum + diskUsage(bytes), 0);
    } catch (error) {
      // Its own step will tell.
      if (error instanceof StepFailure) return undefined;
      throw error;
    }
  }

  async produce(context: BackupContext): Promise<SourceProduct> {
    const { trees, absent, warnings: found } = await findPaths(this.listed, context.signal);
    const stored = await StoredFiles.begin(context, PREFIX);
    const links: { path: string; target: string; stored: boolean }[] = [];
    for (const { listed, tree } of trees) {
      await this.storeAll(stored, listed, tree, context);
      for (const { path, target } of tree.links) {
        links.push({ path: join(listed.path, path), target, stored: tree.omitted.every((one) => one.path !== path) });
      }
    }
    if (links.length > 0) await stored.write(LINKS, `${JSON.stringify(links, null, 2)}\n`);
    const optional = absent.length === 0 ? '' : `; optional and not there: ${absent.join(', ')}`;
    return {
      artifacts: stored.artifacts,
      warnings: [...found, ...stored.warnings],
      detail: `${stored.artifacts.length} files of ${bytesInWords(stored.bytes)}${optional}`,
    };
  }

  private async storeAll(
    stored: StoredFiles,
    listed: ListedPath,
    tree: Tree,
    { signal, progress }: BackupContext,
  ): Promise<void> {
    let any = false;
    for (const { path, real } of tree.files) {
      const name = join(listed.path, path);
      progress(`Copying ${name}`);
      try {
        await stored.copy(real, name.slice(1), name);
      } catch (error) {
        signal.throwIfAborted();
        if (listed.required || isFaultOfCopy(error)) throw fileFailure(shownName(name), error);
        stored.warnings.push(`${shownName(name)} ${fileFault(error)}`);
      }
      any ||= stored.has(name.slice(1));
    }
    if (any || !listed.required) return;
    // A folder whose disk is not mounted is there, and empty.
    const reasons = tree.omitted
      .slice(0, MOST_REASONS)
      .map(({ path, why }) => `: ${shownName(join(listed.path, path))} ${why}`);
    throw new StepFailure(`${listed.path} holds no file that could be saved${reasons.join('')}`);
  }
}
