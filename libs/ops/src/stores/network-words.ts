/** A fault in words, and whether trying again makes sense. */
export interface FaultWords {
  message: string;
  mayPass: boolean;
}

const NETWORK: Readonly<Record<string, FaultWords>> = {
  ECONNREFUSED: { message: 'the connection was refused: nothing listens there', mayPass: true },
  ENOTFOUND: { message: 'there is no host of that name', mayPass: true },
  EAI_AGAIN: { message: 'the host’s name could not be looked up', mayPass: true },
  EHOSTUNREACH: { message: 'the host cannot be reached', mayPass: true },
  ENETUNREACH: { message: 'the host’s network cannot be reached', mayPass: true },
  ETIMEDOUT: { message: 'the connection was not answered', mayPass: true },
  ECONNRESET: { message: 'the connection was cut', mayPass: true },
  EPIPE: { message: 'the connection was cut', mayPass: true },
  ERR_STREAM_PREMATURE_CLOSE: { message: 'the connection was cut', mayPass: true },
  EPROTO: { message: 'what answers there does not speak TLS', mayPass: false },
};

/** What this machine's own disk has to say, by its code. */
const DISK: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read or written',
  EPERM: 'may not be read or written',
  EISDIR: 'is a folder',
  ENOSPC: 'does not fit: the disk is full',
  EDQUOT: 'does not fit: the quota is used up',
  EROFS: 'cannot be written: the file system is read-only',
  EIO: 'cannot be read or written: the disk fails',
};

const FILE_CALLS: ReadonlySet<unknown> = new Set(['open', 'read', 'write', 'writev', 'stat', 'fsync', 'ftruncate']);

/**
 * What every store says alike: a connection that fails, or a fault of this machine's own disk.
 * @returns undefined where it is neither
 */
export function localWords(error: unknown): FaultWords | undefined {
  if (!Error.isError(error)) return undefined;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  const disk = DISK[code];
  // A socket reads and writes as well, but knows nothing of files.
  if (disk !== undefined && FILE_CALLS.has(syscall)) {
    return { message: `${path ?? 'the file'} on this machine ${disk} (${code})`, mayPass: code === 'EIO' };
  }
  if (/CERT|SIGNATURE|SELF_SIGNED|ISSUER|^ERR_TLS/.test(code)) {
    return { message: `its certificate is not trusted (${code})`, mayPass: false };
  }
  if (code.startsWith('ERR_SSL')) return { message: `no TLS connection (${code})`, mayPass: false };
  const network = NETWORK[code];
  return network && { ...network, message: `${network.message} (${code})` };
}
