import { createHmac, type KeyObject, sign } from 'node:crypto';

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** What a token says, read without any check. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** A JSON Web Token with an HMAC signature of any algorithm's name. */
export function forgeHmac(claims: object, secret: string, alg = 'HS256', digest = 'sha256'): string {
  const unsigned = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
  return `${unsigned}.${createHmac(digest, secret).update(unsigned).digest('base64url')}`;
}

/** A JSON Web Token that says it needs no signature. */
export function forgeUnsigned(claims: object, alg = 'none'): string {
  return `${encode({ alg, typ: 'JWT' })}.${encode(claims)}.`;
}

/** A JSON Web Token signed with an RSA key. */
export function forgeRsa(claims: object, key: KeyObject): string {
  const unsigned = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${unsigned}.${sign('sha256', Buffer.from(unsigned), key).toString('base64url')}`;
}
