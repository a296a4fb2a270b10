/** A file as a store holds it. */
export interface StoredFile {
  /** Name without folder, as parseFileName reads it. */
  name: string;
  bytes: number;
  modifiedAt: Date;
}

export interface FileHash {
  bytes: number;
  sha256: string;
}

/**
 * A place away from this machine that keeps backups: an archive and its manifest beside it, under the kind's folder. Every
 * call has time limits of its own, for the whole and for silence, and gives up when its signal is aborted.
 * @throws StoreFailure from every call
 */
export interface BackupStore {
  /** `s3`, `sftp` */
  readonly name: string;
  /** Where that is, for a person: never with a secret. */
  readonly place: string;
  /** Every file of every kind; what is not ours as well. */
  list(signal: AbortSignal): Promise<(StoredFile & { kind: string })[]>;
  /**
   * Stores a local file, streaming. What is there under its name is replaced; with `refuseExisting`, only what this very
   * client has put there, so that a step can be tried again.
   * @param progress told how many bytes are stored so far
   */
  put(
    file: { kind: string; name: string; path: string; bytes: number; sha256: string; refuseExisting?: boolean },
    signal: AbortSignal,
    progress?: (bytes: number) => void,
  ): Promise<void>;
  /** Reads a file back in full and hashes what arrives. */
  hash(kind: string, name: string, signal: AbortSignal): Promise<FileHash>;
  /** Reads a file back into a local one, hashed on the way. */
  download(kind: string, name: string, path: string, signal: AbortSignal): Promise<FileHash>;
  /** A small file's text. */
  read(kind: string, name: string, signal: AbortSignal): Promise<string>;
  /** Removes a file and asks whether it is gone; a lock that forbids it is `kept`. */
  remove(kind: string, name: string, signal: AbortSignal): Promise<'removed' | 'kept'>;
  /** The store's own time, where it tells one. */
  now(signal: AbortSignal): Promise<Date | undefined>;
  /** Free bytes, where the store tells. */
  freeBytes(signal: AbortSignal): Promise<number | undefined>;
  /** Clears away what broken uploads left behind, older than a day. @returns how many */
  sweep(signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/** A store did not do what it was asked. The message names store and cause, and no secret. */
export class StoreFailure extends Error {
  constructor(
    readonly store: string,
    message: string,
    /** Whether trying again makes sense. */
    readonly mayPass = true,
    options?: ErrorOptions,
  ) {
    super(`${store}: ${message}`, options);
    this.name = 'StoreFailure';
  }
}
