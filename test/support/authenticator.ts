import { createHmac } from 'node:crypto';
import { PASSWORD, type SessionBody } from './builders';
import type { TestApp } from './test-app';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

/** The six digits that an authenticator app shows (RFC 6238), worked out without the library under test. */
export function totpOf(secret: string, at: Date): string {
  const bits = Array.from(secret, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at.getTime() / STEP_MS)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 0xf;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Six digits that the authenticator shows at no time near to now. */
export function wrongTotp(secret: string, at: Date): string {
  const near = [-2, -1, 0, 1, 2].map((steps) => totpOf(secret, new Date(at.getTime() + steps * STEP_MS)));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code)) ?? '';
}

/** A person's authenticator and what they wrote down. */
export interface Authenticator {
  secret: string;
  recoveryCodes: string[];
  /** A code that was not shown yet: moves the service's clock on to the next one. */
  code: () => string;
  wrongCode: () => string;
}

/** Lets the service's clock go on to where the authenticator shows its next code. */
export function nextTotp({ clock }: TestApp, secret: string): string {
  clock.moveBy(STEP_MS);
  return totpOf(secret, clock.now());
}

/** Turns on the second factor of an account that is signed in. */
export async function turnOnSecondFactor(test: TestApp, session: SessionBody): Promise<Authenticator> {
  const path = '/v1/users/me/second-factor';
  const begun = await test.client.post<{ secret: string }>(path, { currentPassword: PASSWORD }, session.accessToken);
  if (begun.status !== 201) throw new Error(`The set-up was refused: ${JSON.stringify(begun.body)}`);
  const { secret } = begun.body;
  const confirmed = await test.client.post<{ recoveryCodes: string[] }>(
    `${path}/confirm`,
    { code: totpOf(secret, test.clock.now()) },
    session.accessToken,
  );
  if (confirmed.status !== 200) throw new Error(`The code was refused: ${JSON.stringify(confirmed.body)}`);
  return {
    secret,
    recoveryCodes: confirmed.body.recoveryCodes,
    code: () => nextTotp(test, secret),
    wrongCode: () => wrongTotp(secret, test.clock.now()),
  };
}
