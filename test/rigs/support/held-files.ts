import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';

/** What a place holds: the SHA-256 of each file, by its path there. Read without anything of ours. */
export type HeldFiles = Readonly<Record<string, string>>;

export async function heldInFolder(root: string): Promise<HeldFiles> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const held: Record<string, string> = {};
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    held[path.slice(root.length + 1)] = sha256(await readFile(path));
  }
  return held;
}

export async function heldInBucket(client: S3Client, bucket: string): Promise<HeldFiles> {
  const held: Record<string, string> = {};
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  for (const { Key = '' } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    held[Key] = sha256((await Body?.transformToByteArray()) ?? Buffer.alloc(0));
  }
  return held;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
