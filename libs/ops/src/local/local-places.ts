import { join } from 'node:path';
import {
  archiveName,
  type BackupId,
  type BackupKind,
  manifestName,
  parseBackupId,
  partialName,
} from '../backups/backup-id';
import { StepFailure } from '../backups/backup-source';

/** Where the parts of a backup stand in the local folder. */
export interface LocalPlaces {
  backup: BackupId;
  /** `<root>/.<id>.partial`: on the same file system as the others, so that a rename is enough. */
  partial: string;
  /** `<root>/<kind>` */
  folder: string;
  archive: string;
  manifest: string;
}

/** @throws StepFailure for what is no backup's name: a path is never made of it */
export function placesOf(root: string, id: string): LocalPlaces {
  const backup = parseBackupId(id);
  if (!backup) throw new StepFailure(`${JSON.stringify(id)} is no backup’s name`, false);
  const folder = folderOf(root, backup.kind);
  return {
    backup,
    partial: join(root, partialName(id)),
    folder,
    archive: join(folder, archiveName(id)),
    manifest: join(folder, manifestName(id)),
  };
}

export function folderOf(root: string, kind: BackupKind): string {
  return join(root, kind);
}
