import { AppConfig } from '@tiptop/platform';
import { Injectable } from '@nestjs/common';
import { Alerts } from '../alerts/alerts';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { type BackupSource, StepFailure } from '../backups/backup-source';
import type { InnerManifest } from '../backups/manifest';
import type { BackupStore } from '../stores/backup-store';

import { expectedSize, type ExpectedSize } from './expected-size';
import { fileSystemOf } from './free-space';

export interface SpacePlan {
  /** See formatBackupId. */
  id: string;
  sources: readonly BackupSource[];
  /** Manifest of the last successful backup. */
  last: InnerManifest | undefined;
  stores: readonly BackupStore[];
  /** Prunes old backups, none that the floor keeps; asked at most once. @returns bytes that it has freed */
  clean: (signal: AbortSignal) => Promise<number>;
  signal: AbortSignal;
}

/** A file system that a backup is written to. */
export interface SpaceTarget {
  /** For a person. */
  name: string;
  neededBytes: number;
  /** Undefined where it can't be told. */
  freeBytes: number | undefined;
}

export interface SpaceReport {
  targets: readonly SpaceTarget[];
  /** Bytes that cleaning has freed; undefined where there was no need. */
  cleanedBytes: number | undefined;
  /** One line for the report. */
  detail: string;
}

/** Looks, before anything is written, whether a backup will find room wherever it goes. */
@Injectable()
export class SpaceCheck {
  private readonly folder: string;
  private readonly reserveBytes: number;

  constructor(
    { ops }: AppConfig,
    private readonly alerts: Alerts,
  ) {
    this.folder = ops.backupDir;
    this.reserveBytes = ops.reserveBytes;
  }

  /**
   * Where room is short, people are told, old backups are cleaned away, and it is looked at once more.
   * @throws StepFailure where it is short still
   */
  async ensure(plan: SpacePlan): Promise<SpaceReport> {
    const size = await expectedSize(plan.sources, plan.last, plan.signal);
    const before = await this.measure(size, plan);
    const short = before.filter(isShort);
    if (short.length === 0) return { targets: before, cleanedBytes: undefined, detail: inWords(before, size) };
    await this.alerts.send({
      level: 'warning',
      subject: `Backup ${plan.id}: too little space on ${short.map(({ name }) => name).join(', ')}`,
      text: `${inWords(short, size)}. Old backups are being removed, none that the floor keeps.`,
      facts: { step: 'space', backup: plan.id },
    });
    const { freed, trouble } = await this.clean(plan);
    const after = await this.measure(size, plan);
    const stillShort = after.filter(isShort);
    const cleaning = trouble ?? `Removing old backups has freed ${bytesInWords(freed)}`;
    if (stillShort.length > 0)
      throw new StepFailure(`Too little space. ${inWords(stillShort, size)}. ${cleaning}`, false);
    return { targets: after, cleanedBytes: freed, detail: `${inWords(after, size)}. ${cleaning}` };
  }

  private async clean({ clean, signal }: SpacePlan): Promise<{ freed: number; trouble?: string }> {
    try {
      return { freed: await clean(signal) };
    } catch (error) {
      signal.throwIfAborted();
      // What it could do shows in the measure after it.
      return { freed: 0, trouble: `Removing old backups has failed: ${(error as Error).message}` };
    }
  }

  private async measure(size: ExpectedSize, { stores, signal }: SpacePlan): Promise<SpaceTarget[]> {
    const local = await fileSystemOf(this.folder).catch((error: unknown) => {
      throw new StepFailure(`${this.folder} can't be looked at: ${(error as Error).message}`, false, { cause: error });
    });
    return [
      {
        name: `${this.folder} (file system ${local.mountPoint})`,
        // The artifacts in the partial folder, and the archive made of them beside it.
        neededBytes: 2 * size.bytes + this.reserveBytes,
        freeBytes: local.freeBytes,
      },
      ...(await Promise.all(stores.map((store) => this.measureStore(store, size, signal)))),
    ];
  }

  private async measureStore(store: BackupStore, size: ExpectedSize, signal: AbortSignal): Promise<SpaceTarget> {
    // A store that can't be asked now may take the archive later: its own step will tell.
    const freeBytes = await store.freeBytes(signal).catch(() => undefined);
    signal.throwIfAborted();
    return { name: `${store.name} (${store.place})`, neededBytes: size.bytes + this.reserveBytes, freeBytes };
  }
}

function isShort({ freeBytes, neededBytes }: SpaceTarget): boolean {
  return freeBytes !== undefined && freeBytes < neededBytes;
}

function inWords(targets: readonly SpaceTarget[], { unknown }: ExpectedSize): string {
  const lines = targets.map(({ name, freeBytes, neededBytes }) => {
    const free = freeBytes === undefined ? 'does not tell what is free' : `${bytesInWords(freeBytes)} free`;
    return `${name}: ${free}, ${bytesInWords(neededBytes)} needed`;
  });
  if (unknown.length > 0) lines.push(`not counted, since nothing is known of it yet: ${unknown.join(', ')}`);
  return lines.join('; ');
}
