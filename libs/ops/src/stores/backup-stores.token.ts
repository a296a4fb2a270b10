/** Injects `readonly BackupStore[]`: the stores that this installation has switched on. */
export const BACKUP_STORES = Symbol('BACKUP_STORES');
