import type { OpsConfig } from '@tiptop/platform';
import type { ToldTime } from './clock-trust';
import type { KnownBackup, LoneArchive } from './known-backup';

/** What is known of a place: all that a plan is made of. */
export interface RetentionQuestion {
  /** What stays where: on this machine days and weeks, in a store what a disaster needs. */
  place: 'local' | 'store';
  backups: readonly KnownBackup[];
  loneArchives?: readonly LoneArchive[];
  /** A lone archive that has been there for so long belongs to no upload that is under way. */
  leftoverMs?: number;
  /** Id → why. */
  protectedIds: ReadonlyMap<string, string>;
  keep: OpsConfig['keep'];
  /** By this machine's clock. */
  now: Date;
  /** By other clocks. */
  told: readonly ToldTime[];
}

/** Why a backup stays; where there is no reason, why it goes. */
export interface Verdict {
  keep: readonly string[];
  why: readonly string[];
}
