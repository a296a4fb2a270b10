import { StoreFailure } from '../backup-store';
import { type FaultWords, localWords } from '../network-words';

/** The store's name. */
export const SFTP = 'sftp';

/** Codes of the protocol, draft-ietf-secsh-filexfer-02, section 7. */
export const SFTP_STATUS = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 } as const;

/** What the server said to one request on one path. */
export class SftpFault extends Error {
  constructor(
    readonly status: number,
    readonly path: string,
  ) {
    super(`${status} ${path}`);
    this.name = 'SftpFault';
  }
}

/** What ssh2 hangs on its errors. */
interface SshError {
  level?: unknown;
  message?: unknown;
}

const STATUS: Readonly<Record<number, FaultWords>> = {
  [SFTP_STATUS.noSuchFile]: { message: 'there is no', mayPass: false },
  [SFTP_STATUS.permissionDenied]: { message: 'permission denied for', mayPass: false },
  [SFTP_STATUS.unsupported]: { message: 'the server cannot do what is asked of it with', mayPass: false },
};

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof SftpFault && error.status === status;
}

/** @param place where the store is */
export function sftpFailure(place: string, error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { message, mayPass } = wordsOf(error);
  return new StoreFailure(SFTP, `${message} (${place})`, mayPass);
}

function wordsOf(error: unknown): FaultWords {
  if (error instanceof SftpFault) {
    const known = STATUS[error.status];
    if (known) return { ...known, message: `${known.message} ${error.path}` };
    return { message: `the server failed at ${error.path} (SFTP status ${error.status})`, mayPass: true };
  }
  const { level, message } = error as SshError;
  const text = typeof message === 'string' ? message : '';
  if (level === 'client-authentication') return { message: 'the server refuses the key', mayPass: false };
  if (level === 'client-timeout') {
    const alive = /keepalive/i.test(text);
    return { message: alive ? 'the server answers no more' : 'the server does not answer', mayPass: true };
  }
  const matching = /no matching ([A-Za-z >-]+)/.exec(text)?.[1];
  if (matching === 'host key format') {
    return { message: 'the server has no host key of the configured type', mayPass: false };
  }
  if (matching !== undefined) return { message: `the server and this client share no ${matching}`, mayPass: false };
  const local = localWords(error);
  if (local) return local;
  if (/subsystem/i.test(text)) return { message: 'the server offers no SFTP', mayPass: false };
  return { message: 'the connection was cut', mayPass: true };
}
