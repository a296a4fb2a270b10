/** Backups that something else relies on; they are never removed. */
export abstract class ProtectedBackups {
  /** @returns id → why, for a person: `rollback point of the running version` */
  abstract ids(): Promise<ReadonlyMap<string, string>>;
}
