import type { Artifact, DatabaseFacts, ImageFacts } from './manifest';
import type { SourceProduct } from './backup-source';

/** What the sources of a run have put into its folder, together. */
export class Gathering {
  readonly artifacts: Artifact[] = [];
  readonly images: ImageFacts[] = [];
  readonly warnings: string[] = [];
  tools: Readonly<Record<string, string>> = {};
  database: DatabaseFacts | undefined;
  /** Why the backup is not to be trusted with a slot. */
  quarantined: string | null = null;

  add({ artifacts, images = [], warnings, tools = {}, database, quarantine }: SourceProduct): void {
    this.artifacts.push(...artifacts);
    this.images.push(...images);
    this.warnings.push(...warnings);
    this.tools = { ...this.tools, ...tools };
    this.database ??= database;
    this.quarantined ??= quarantine ?? null;
  }
}
