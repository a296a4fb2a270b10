/** Injects `readonly BackupSource[]`: what is backed up, in this order. */
export const BACKUP_SOURCES = Symbol('BACKUP_SOURCES');
