import { createHash, createHmac } from 'node:crypto';
import { scramVerifier } from './scram-verifier';

/** The exchange of RFC 7677, section 3. */
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const NONCE = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const EXCHANGE = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${NONCE},s=${SALT},i=4096,c=biws,r=${NONCE}`;
const CLIENT_PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const SERVER_SIGNATURE = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

function signed(key: Buffer): Buffer {
  return createHmac('sha256', key).update(EXCHANGE).digest();
}

describe('scramVerifier', () => {
  it('is what the standard’s own example signs in against', () => {
    const verifier = scramVerifier('pencil', Buffer.from(SALT, 'base64'));
    const [, salt, storedKey = '', serverKey = ''] = /^SCRAM-SHA-256\$4096:([^$]+)\$([^:]+):(.+)$/.exec(verifier) ?? [];
    expect(salt).toBe(SALT);
    expect(signed(Buffer.from(serverKey, 'base64')).toString('base64')).toBe(SERVER_SIGNATURE);
    const signature = signed(Buffer.from(storedKey, 'base64'));
    const clientKey = Buffer.from(CLIENT_PROOF, 'base64').map((byte, n) => byte ^ (signature[n] ?? 0));
    expect(createHash('sha256').update(clientKey).digest('base64')).toBe(storedKey);
  });

  it('has another salt each time, and nothing of the password in it', () => {
    const [one, other] = [scramVerifier('correct horse'), scramVerifier('correct horse')];
    expect(one).not.toBe(other);
    expect(one).not.toContain('correct');
  });

  it('refuses what it would have to prepare, and nothing', () => {
    for (const password of ['thé', '', 'two\nlines']) {
      expect(() => scramVerifier(password)).toThrow('other characters than ASCII');
    }
  });
});
