import { StoreFailure } from '../backup-store';
import { type CallLimits, silenceWords } from '../call-watch';
import { type FaultWords, localWords } from '../network-words';

/** What the SDK hangs on its errors, of which only this much is told: their messages may repeat keys and signatures. */
interface S3Error {
  name?: unknown;
  Code?: unknown;
  code?: unknown;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

const CODES: Readonly<Record<string, FaultWords>> = {
  NoSuchBucket: { message: 'there is no such bucket', mayPass: false },
  NoSuchKey: { message: 'there is no such file', mayPass: false },
  NotFound: { message: 'there is no such file', mayPass: false },
  AccessDenied: { message: 'access denied', mayPass: false },
  InvalidAccessKeyId: { message: 'the access key is not known there', mayPass: false },
  SignatureDoesNotMatch: {
    message: 'the signature was refused: the secret key or the region is wrong',
    mayPass: false,
  },
  AuthorizationHeaderMalformed: { message: 'the signature was refused: the region is wrong', mayPass: false },
  PermanentRedirect: { message: 'the bucket lives elsewhere: the endpoint or the region is wrong', mayPass: false },
  RequestTimeTooSkewed: { message: 'this machine’s clock differs too much from the store’s', mayPass: false },
  NoSuchUpload: { message: 'the upload was cleared away meanwhile', mayPass: true },
  QuotaExceeded: { message: 'the store’s quota is used up', mayPass: false },
  InsufficientStorage: { message: 'the store is full', mayPass: false },
  BadDigest: { message: 'the bytes were changed on their way', mayPass: true },
  XAmzContentSHA256Mismatch: { message: 'the bytes were changed on their way', mayPass: true },
  ConditionalRequestConflict: { message: 'another client stores the same file', mayPass: true },
};

/** Of ourselves, not of the file: to be put right in the settings. */
const REFUSALS_OF_OURSELVES: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'AuthorizationHeaderMalformed',
  'RequestTimeTooSkewed',
  'ExpiredToken',
  'InvalidToken',
]);

/** HTTP status of the store's answer; undefined where none came. */
export function statusOf(error: unknown): number | undefined {
  return (error as S3Error).$metadata?.httpStatusCode;
}

/** The store's own word for it: `NoSuchBucket`. */
export function codeOf(error: unknown): string {
  const { Code, name } = error as S3Error;
  const code = typeof Code === 'string' ? Code : name;
  return typeof code === 'string' && /^[A-Za-z]{1,60}$/.test(code) ? code : '';
}

/** Whether this credential may not do this to this file, now: no right to it, or a retention that forbids it. */
export function isForbidden(error: unknown): boolean {
  const status = statusOf(error);
  return (status === 403 || status === 405) && !REFUSALS_OF_OURSELVES.has(codeOf(error));
}

/**
 * @param where the store is, and what was tried there by the name of the API's operation
 * @param limits the silence after which a connection is given up
 */
export function s3Failure(store: string, where: string, error: unknown, limits: CallLimits): StoreFailure {
  const { message, mayPass } = wordsOf(error, limits);
  // The SDK's own error is not passed on as the cause: what a store answers can repeat the access key.
  return new StoreFailure(store, `${message} (${where})`, mayPass);
}

function wordsOf(error: unknown, limits: CallLimits): FaultWords {
  const status = statusOf(error);
  const code = codeOf(error);
  const attempts = (error as S3Error).$metadata?.attempts ?? 1;
  const tried = attempts > 1 ? `, tried ${attempts} times` : '';
  if (status === undefined || status < 300) {
    const local = localWords(error);
    if (local) return { ...local, message: local.message + tried };
    // So the SDK calls a silent socket, and one that is never connected.
    if (code === 'TimeoutError') {
      const connected = !/establish a connection/.test((error as Error).message);
      return { message: (connected ? silenceWords(limits) : 'the connection was not answered') + tried, mayPass: true };
    }
    const { code: detail } = error as S3Error;
    const named = typeof detail === 'string' && /^[A-Z_]{1,60}$/.test(detail) ? detail : code;
    return { message: `no answer that S3 would give${named === '' ? '' : ` (${named})`}${tried}`, mayPass: true };
  }
  const known = CODES[code] ?? (status === 403 ? CODES.AccessDenied : undefined);
  if (known) return { ...known, message: known.message + tried };
  const named = code === '' || code === 'Unknown' ? `${status}` : `${status} ${code}`;
  return { message: `it answered ${named}${tried}`, mayPass: status >= 500 || status === 429 || status === 409 };
}
