import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Config } from '@tiptop/platform';
import type { CallLimits } from '../call-watch';

/** How often a request is sent, the first time included; the pauses between are the SDK's, a fifth of a second to 20 s. */
const ATTEMPTS = 3;
const CONNECT_MS = 10_000;

/** A request as it passes through the SDK. */
interface HttpRequest {
  headers: Record<string, string>;
  body?: unknown;
}

/**
 * A client for AWS and for everyone who speaks like it: without the SDK's own checksums, which Ceph answers with 411 and
 * Google with 412, and with a Content-MD5 for each part instead, which everyone checks and which a bucket with Object
 * Lock insists on.
 */
export function createS3Client(
  { endpoint, region, accessKeyId, secretAccessKey }: S3Config,
  limits: CallLimits,
): S3Client {
  const client = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: !isAws(endpoint),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    // A store that does not know it costs six seconds a part.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_MS, limits.stallMs),
      // Of the socket: nothing sent and nothing received for so long, in the middle of a part as well.
      socketTimeout: limits.stallMs,
    },
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as HttpRequest;
      if (request.body instanceof Uint8Array && request.body.byteLength > 0) {
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64');
      }
      return next(args);
    },
    { step: 'build', name: 'contentMd5' },
  );
  return client;
}

/** Buckets by path work everywhere; on AWS they are going away. */
export function isAws(endpoint: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}
