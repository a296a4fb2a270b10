import type { AppConfig } from '@tiptop/platform';
import { allowInsecureRequests, type Configuration } from 'openid-client';
import { OAuthUnavailable } from './social.errors';

const BODY_LIMIT_BYTES = 256 * 1024;

export type ProviderFetch = (url: string, options?: RequestInit) => Promise<Response>;

export interface ProviderFetchOptions {
  /** For the whole answer, its body included. */
  timeoutMs: number;
  /** Whether GET asks only for what is always there, so that any other answer than 200 is the provider's fault. */
  expectDocuments?: boolean;
}

/**
 * What a configuration of openid-client has to be told for a provider on this machine, in development and tests: nothing
 * but https is asked otherwise.
 */
export function plainHttp(url: string, { isProduction }: AppConfig): ((client: Configuration) => void)[] {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; it is for this very case
  return url.startsWith('http:') && !isProduction ? [allowInsecureRequests] : [];
}

/**
 * fetch() for asking providers. It throws OAuthUnavailable where one does not answer in time, not at all, far too much,
 * or with a fault of its own.
 */
export function providerFetch({ timeoutMs, expectDocuments = false }: ProviderFetchOptions): ProviderFetch {
  return async (url, options = {}) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { ...options, redirect: 'manual', signal });
      const { status, headers } = response;
      const body = await bodyOf(response);
      const isFault = status >= 500 || status === 429;
      if (isFault || (expectDocuments && (options.method ?? 'GET') === 'GET' && status !== 200)) {
        throw new Error(`The provider answered ${status}`);
      }
      return new Response(body.byteLength === 0 ? null : body, { status, headers });
    } catch (error) {
      throw new OAuthUnavailable(error);
    }
  };
}

async function bodyOf(response: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > BODY_LIMIT_BYTES) throw new Error('The provider’s answer has no end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
