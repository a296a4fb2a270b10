import { createHash } from 'node:crypto';

/** A server's public key, as it is configured. */
export interface HostKey {
  /** `ssh-ed25519` */
  type: string;
  /** As it goes over the wire. */
  blob: Buffer;
}

/** @param text as known_hosts has it, `ssh-ed25519 AAAA… comment` */
export function parseHostKey(text: string): HostKey {
  const [type = '', base64 = ''] = text.trim().split(/\s+/);
  return { type, blob: Buffer.from(base64, 'base64') };
}

/** Under which names the server may sign with a key of this type: RSA no longer with SHA-1. */
export function signatureAlgorithms(type: string): string[] {
  return type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type];
}

/** `SHA256:…`, as `ssh-keygen -l` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
