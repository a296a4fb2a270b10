import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { REGION, type S3Keys } from './ceph';

const UNSIGNED = 'UNSIGNED-PAYLOAD';

/**
 * The headers of a request as whoever holds the keys would have sent it with another body (AWS Signature Version 4):
 * a store that lies stores what it likes in its own name.
 */
export function resign(
  request: { method: string; path: string; headers: IncomingHttpHeaders },
  host: string,
  keys: S3Keys,
): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const headers: Record<string, string> = { host, 'x-amz-content-sha256': UNSIGNED, 'x-amz-date': time };
  for (const [name, value] of Object.entries(request.headers)) {
    const told = /^x-amz-meta-|^content-type$|^if-none-match$/.test(name);
    if (told && typeof value === 'string') headers[name] = value;
  }
  const names = Object.keys(headers).sort();
  const [path = '', query = ''] = request.path.split('?');
  const parameters = query.split('&').filter(Boolean);
  const canonical = [
    request.method,
    path,
    parameters
      .map((parameter) => (parameter.includes('=') ? parameter : `${parameter}=`))
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    UNSIGNED,
  ].join('\n');
  const hash = createHash('sha256').update(canonical).digest('hex');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hash].join('\n');
  let key: string | Buffer = `AWS4${keys.secretAccessKey}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const credential = `${keys.accessKeyId}/${scope}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}
