import { DomainError } from '@tiptop/platform';
import { AuthorizationResponseError, ResponseBodyError } from 'openid-client';
import type { Logger } from 'pino';
import type { Provider } from './provider';
import { OAuthRefused, OAuthUnavailable } from './social.errors';

/** Of RFC 6749's error codes, those that tell of a fault of the provider or of our credentials, not of the person's. */
const NOT_THE_PERSON = ['server_error', 'temporarily_unavailable', 'invalid_client', 'unauthorized_client'];

/** How far causes are followed. */
const DEPTH = 5;

/** What it means that asking a provider threw: it failed, or else what it was asked about is not good. */
export function providerFault(error: unknown): DomainError {
  const chain = causes(error);
  const known = chain.find((cause) => cause instanceof DomainError);
  if (known) return known;
  return chain.some((cause) => NOT_THE_PERSON.includes(protocolError(cause) ?? ''))
    ? new OAuthUnavailable(error)
    : new OAuthRefused(error);
}

/** One line on why a sign-in came to nothing. The libraries' messages hold no token; the address asked for is not in it. */
export function logFault(logger: Logger, provider: Provider, fault: DomainError): void {
  const reason = causes(fault.cause)
    .map((cause) => protocolError(cause) ?? (Error.isError(cause) ? cause.message : ''))
    .filter((text) => text !== '')
    .join(': ');
  const line = { provider, errorCode: fault.code, ...(reason === '' ? {} : { reason }) };
  if (fault.logLevel === 'warn') logger.warn(line, 'A provider of sign-ins failed');
  else logger.info(line, 'A sign-in with a provider was refused');
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let cause = error; cause !== undefined && cause !== null && chain.length < DEPTH;) {
    chain.push(cause);
    cause = (cause as { cause?: unknown }).cause;
  }
  return chain;
}

function protocolError(error: unknown): string | undefined {
  const told = error instanceof AuthorizationResponseError || error instanceof ResponseBodyError;
  // It comes from outside: only what looks like one of the RFC's is repeated.
  return told && /^[a-z_]{1,40}$/.test(error.error) ? error.error : undefined;
}
