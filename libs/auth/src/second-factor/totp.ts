import { Secret, TOTP } from 'otpauth';

export const TOTP_SECRET_BYTES = 20;
const PERIOD_SECONDS = 30;
/** What every authenticator app understands (RFC 6238 with the values of RFC 4226). */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS };
/** Steps before and after the present one whose codes are taken: clocks differ, and typing takes time. */
const WINDOW = 1;

export const TOTP_CODE = /^\d{6}$/;

/** @returns 20 random bytes */
export function newTotpSecret(): Buffer {
  return Buffer.from(new Secret({ size: TOTP_SECRET_BYTES }).bytes);
}

/** The secret as an authenticator takes it by hand (base32), and as a link or QR code. */
export function totpEnrolment(secret: Buffer, issuer: string, label: string): { secret: string; otpauthUri: string } {
  const key = secretOf(secret);
  return { secret: key.base32, otpauthUri: new TOTP({ ...PARAMETERS, issuer, label, secret: key }).toString() };
}

/**
 * The time step that a code is of, counted in periods of 30 s since 1970.
 * @param code six digits
 * @returns undefined where it is the code of no step near to now
 */
export function totpStep(secret: Buffer, code: string, now: Date): number | undefined {
  const totp = new TOTP({ ...PARAMETERS, secret: secretOf(secret) });
  const distance = totp.validate({ token: code, timestamp: now.getTime(), window: WINDOW });
  return distance === null ? undefined : Math.floor(now.getTime() / 1000 / PERIOD_SECONDS) + distance;
}

function secretOf(bytes: Buffer): Secret {
  // A view of its own: a Buffer's memory may be shared with others.
  return new Secret({ buffer: Uint8Array.from(bytes).buffer });
}
