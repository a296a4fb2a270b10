import type { Release } from '../release';

/** Raised when a release could misread the rollback points of this one. */
export const ROLLBACK_POINT_VERSION = 1;

/** The backup that a snapshot goes with, and what is to be known of it without opening it. */
export interface DatabaseVersion {
  /** See formatBackupId. */
  backup: string;
  /** Of its archive, in lower-case hexadecimal. */
  sha256: string;
  /** Name of the newest migration; null where there is none. */
  migration: string | null;
  serverVersion: string;
}

/** What served before a deployment, and how to get back to it. Written last: a folder without it is no snapshot. */
export interface RollbackPoint {
  version: typeof ROLLBACK_POINT_VERSION;
  /** See formatSnapshotTag. */
  tag: string;
  /** ISO 8601, UTC. */
  at: string;
  environment: string;
  /** Of the deployment that it was made for. */
  deployment: string;
  /** The images by the digests that the registry keeps by the snapshot's tag. */
  release: Release;
  database: DatabaseVersion;
  /** Of the snapshot's list of sums. */
  sumsSha256: string;
  /** What somebody has to look at, though the snapshot is whole. */
  warnings: readonly string[];
}

/** A snapshot that is whole. */
export interface Snapshot extends RollbackPoint {
  /** Where its files are. */
  folder: string;
}
