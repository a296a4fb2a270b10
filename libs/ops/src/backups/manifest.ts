import type { BackupKind } from './backup-id';

/** Raised when a release could misread the manifests of this one. */
export const MANIFEST_VERSION = 1;

/** A file in the archive. */
export interface Artifact {
  /** In the archive: relative, with `/`. `db/tiptop.dump.gz` */
  path: string;
  bytes: number;
  /** In lower-case hexadecimal, of the bytes as they left their producer. */
  sha256: string;
}

/** What the dump holds, read in the dump's own snapshot. */
export interface DatabaseFacts {
  name: string;
  serverVersion: string;
  pgDumpVersion: string;
  /** Name of the newest migration; null where there is none. */
  migration: string | null;
  /** Rows of each table, by `schema.table`. */
  rows: Readonly<Record<string, number>>;
  /** Path of the artifact. */
  dump: string;
  /** SHA-256 of the dump as pg_dump wrote it, before gzip. */
  dumpSha256: string;
  dumpBytes: number;
}

/** An image of the container engine. */
export interface ImageFacts {
  /** As it was asked for: `backend:prod-latest`. */
  reference: string;
  /** `sha256:…` of its configuration. */
  id: string;
  /** `name@sha256:…` in registries; none where it was never pushed. */
  digests: readonly string[];
  /** Path of the artifact. */
  archive: string;
}

/** How a step went, as a report tells it. */
export interface StepReport {
  name: string;
  /** `disabled`: switched off by configuration, never to be read as passed. */
  status: 'passed' | 'degraded' | 'failed' | 'disabled';
  startedAt: string;
  finishedAt: string;
  attempts: number;
  /** What there is to know: counts, sizes, or why it is disabled, degraded or failed. Never a secret. */
  detail: string;
}

/** The contents of an archive, as they stand in it. */
export interface InnerManifest {
  version: typeof MANIFEST_VERSION;
  id: string;
  kind: BackupKind;
  environment: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  service: { version: string; revision: string | null };
  tools: Readonly<Record<string, string>>;
  artifacts: readonly Artifact[];
  database: DatabaseFacts;
  images: readonly ImageFacts[];
  /** `age1…` of each recipient's public key: who can open it. */
  recipients: readonly string[];
  /** Parts of the process that this installation has switched off, and warnings. */
  disabled: readonly string[];
  warnings: readonly string[];
  /** Why it fills no slot of the retention, though it is whole; null where it does. */
  quarantined: string | null;
}

/** The archive itself, as it was written. */
export interface ArchiveFacts {
  bytes: number;
  sha256: string;
  /** Of the manifest.json in it. So the manifest beside an archive is known to be whole without a key. */
  manifestSha256: string;
}

/** What stands beside an archive: the contents, and the archive itself. */
export interface Manifest extends InnerManifest {
  archive: ArchiveFacts;
}
