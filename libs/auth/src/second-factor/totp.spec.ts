import { newTotpSecret, totpEnrolment, totpStep } from './totp';

/** RFC 6238, appendix B, SHA-1: seconds since 1970 and the last six of the eight digits. */
const RFC_SECRET = Buffer.from('12345678901234567890');
const RFC_CODES: [number, string][] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
];

const at = (seconds: number): Date => new Date(seconds * 1000);

describe('A code of an authenticator', () => {
  it.each(RFC_CODES)('is that of RFC 6238 at %d s', (seconds, code) => {
    expect(totpStep(RFC_SECRET, code, at(seconds))).toBe(Math.floor(seconds / 30));
  });

  it('is taken in its own step and the ones beside it, and stays of its own step', () => {
    const step = Math.floor(1_111_111_109 / 30);
    const taken = [-2, -1, 0, 1, 2].map((away) => totpStep(RFC_SECRET, '081804', at((step + away) * 30)));
    expect(taken).toEqual([undefined, step, step, step, undefined]);
  });

  it('is worth nothing with another secret', () => {
    expect(totpStep(newTotpSecret(), '081804', at(1_111_111_109))).toBeUndefined();
  });
});

describe('A new secret', () => {
  it('has 20 bytes, and is no other’s', () => {
    const secrets = Array.from({ length: 50 }, newTotpSecret);
    expect(secrets.every(({ length }) => length === 20)).toBe(true);
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(50);
  });

  it('goes into an authenticator by hand or as a link that names issuer and account', () => {
    const { secret, otpauthUri } = totpEnrolment(RFC_SECRET, 'Thé Tip Top', 'camille+1@example.fr');
    expect(secret).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
    const uri = new URL(otpauthUri);
    expect(uri.protocol + uri.host).toBe('otpauth:totp');
    expect(decodeURIComponent(uri.pathname)).toBe('/Thé Tip Top:camille+1@example.fr');
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      secret,
      issuer: 'Thé Tip Top',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});
