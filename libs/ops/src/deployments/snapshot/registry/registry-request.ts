import { type IncomingHttpHeaders, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Trust } from './registry-trust';

/** No list of tags and no manifest is longer. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface RegistryRequest {
  method: 'GET' | 'HEAD' | 'DELETE';
  url: URL;
  headers: Readonly<Record<string, string>>;
}

export interface RegistryAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * One request, on a connection of its own.
 * @param signal ends it, the answer's reading included
 * @throws the connection's fault
 */
export async function sendRequest(
  { method, url, headers }: RegistryRequest,
  { insecure, ca }: Trust,
  signal: AbortSignal,
): Promise<RegistryAnswer> {
  const options = { method, headers, signal, agent: false } as const;
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'http:'
        ? requestPlain(url, options)
        : requestTls(url, { ...options, rejectUnauthorized: !insecure, ...(ca && { ca: [...ca] }) });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) response.destroy(new Error(`the answer is larger than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => {
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, headers: answered, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end();
  });
}
