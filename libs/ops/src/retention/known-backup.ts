import type { BackupKind } from '../backups/backup-id';

/** A backup that a place holds: its manifest is there, so its archive was verified there. */
export interface KnownBackup {
  id: string;
  kind: BackupKind;
  at: Date;
  /** Of archive and manifest. */
  bytes: number;
  /** Why it is not to be trusted with a slot; null where it is. */
  quarantined: string | null;
}

/** An archive in a store without its manifest: an upload is under way, or one or a removal did not come to its end. */
export interface LoneArchive {
  id: string;
  kind: BackupKind;
  at: Date;
  bytes: number;
  /** How long it has been there at least, by the store's own clock. */
  ageMs: number;
}
