import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import type { Underway } from '../deployment-watch';
import { RELEASE_PARTS, type Release } from '../release';
import { ImageKeeper } from './image-keeper';
import { planSnapshots } from './plan-snapshots';
import { SnapshotFiles } from './snapshot-files';
import { SnapshotFolders } from './snapshot-folders';
import { type DueTag, TagRemoval, type TagVerdict } from './tag-removal';

export interface SnapshotPruning {
  /** Tags. */
  kept: readonly string[];
  removed: readonly string[];
  /** What could not be removed, and why, for a person. */
  warnings: readonly string[];
  /** One line for the report. */
  detail: string;
}

/** What serves now, and what served before it. */
export interface Served {
  running: Release | null;
  predecessor: Release | null;
}

/** Keeps of the snapshots those that are needed, and takes the others away: rollback point, tags, folder. */
@Injectable()
export class SnapshotPruner {
  private readonly last: number;

  constructor(
    { ops }: AppConfig,
    private readonly folders: SnapshotFolders,
    private readonly files: SnapshotFiles,
    private readonly keeper: ImageKeeper,
    private readonly removal: TagRemoval,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.last = ops.keep.preDeploy;
  }

  /** @throws StepFailure where the snapshots can't be listed; what a single one fails with is a warning */
  async prune(served: Served, underway: Underway): Promise<SnapshotPruning> {
    const { snapshots, faults } = await this.folders.list();
    const verdicts = planSnapshots({ points: snapshots, last: this.last, ...served });
    const kept = verdicts.filter(({ reasons }) => reasons.length > 0);
    const due = verdicts.filter(({ reasons }) => reasons.length === 0).map(({ point }) => point.tag);
    for (const { point, reasons } of verdicts) {
      this.logger.info({ snapshot: point.tag, reasons, keep: reasons.length > 0 }, 'Retention decides on a snapshot');
    }
    const warnings = faults.map(({ tag, why }) => `the snapshot ${tag} can’t be read and stays: ${why}`);
    for (const tag of due) await this.folders.withdraw(tag);
    warnings.push(...(await this.clear(served, underway)));
    const detail = `${kept.length} kept, ${due.length} removed${due.length > 0 ? `: ${due.join(', ')}` : ''}`;
    return { kept: kept.map(({ point }) => point.tag), removed: due, warnings, detail };
  }

  /**
   * Removes what is left of snapshots that are none: of those just withdrawn, of those that a crash has interrupted, and of
   * those whose tags waited for another one to go.
   * @returns warnings
   * @throws StepFailure where the snapshots can't be listed
   */
  async clear({ running, predecessor }: Served, underway: Underway): Promise<string[]> {
    const { snapshots, unfinished, faults } = await this.folders.list();
    if (unfinished.length === 0) return [];
    const warnings: string[] = [];
    const releases = [running, predecessor, ...snapshots.map(({ release }) => release)].filter((one) => one !== null);
    const images = releases
      .flatMap((release) => RELEASE_PARTS.map((part) => release[part]))
      .filter((one) => one !== null);
    const kept = new Set(images.map(({ digest }) => digest));
    const repositories = new Set(images.map(({ repository }) => repository));
    const due: DueTag[] = [];
    const unsettled = new Set<string>();
    for (const tag of unfinished) {
      const named = await this.files.imagesOf(this.folders.folderOf(tag));
      due.push(...named.map((image) => ({ ...image, tag })));
      for (const repository of new Set([...repositories, ...named.map((image) => image.repository)])) {
        underway.progress(`taking ${repository}:${tag} away`);
        try {
          await this.keeper.untag(repository, tag, underway);
        } catch (error) {
          underway.signal.throwIfAborted();
          unsettled.add(tag);
          warnings.push(`${repository}:${tag} stays in the engine: ${(error as Error).message}`);
        }
      }
    }
    for (const repository of new Set(due.map((one) => one.repository))) {
      const tags = due.filter((one) => one.repository === repository);
      if (faults.length > 0) {
        // It may hold any of these images.
        for (const { tag } of tags) unsettled.add(tag);
        continue;
      }
      for (const verdict of await this.removeTags(repository, tags, kept, warnings, underway)) {
        if (verdict.outcome === 'waits') unsettled.add(verdict.tag);
      }
    }
    for (const tag of unfinished) {
      if (unsettled.has(tag)) continue;
      await this.folders.remove(tag);
    }
    return warnings;
  }

  private async removeTags(
    repository: string,
    due: readonly DueTag[],
    kept: ReadonlySet<string>,
    warnings: string[],
    { signal, progress }: Underway,
  ): Promise<TagVerdict[]> {
    progress(`asking the registry about ${repository}`);
    try {
      const verdicts = await this.removal.remove(repository, due, kept, signal);
      for (const { tag, outcome, why } of verdicts) {
        if (outcome === 'stays') warnings.push(`${repository}:${tag} stays in the registry: ${why}`);
      }
      return verdicts;
    } catch (error) {
      signal.throwIfAborted();
      const { message, mayPass = true } = error as Error & { mayPass?: boolean };
      const next = mayPass ? '; the next one tries again' : '';
      warnings.push(`${due.map(({ tag }) => tag).join(', ')} of ${repository} stay in the registry: ${message}${next}`);
      // What may pass waits for the next time; what never will is told of once.
      return due.map(({ tag }) => ({ tag, repository, outcome: mayPass ? 'waits' : 'stays', why: message }));
    }
  }
}
