import { fingerprint, parseHostKey, signatureAlgorithms } from './host-key';

// What ssh-keygen says of it: 256 SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU is that of nothing at all.
const EMPTY = 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU';

describe('A server’s public key', () => {
  it('is read with or without a comment', () => {
    const blob = Buffer.from('some bytes');
    for (const end of ['', ' backup@example', '\n']) {
      expect(parseHostKey(`ssh-ed25519 ${blob.toString('base64')}${end}`)).toEqual({ type: 'ssh-ed25519', blob });
    }
  });

  it('is called by the fingerprint that ssh-keygen prints', () => {
    expect(fingerprint(Buffer.alloc(0))).toBe(EMPTY);
  });

  it('of RSA signs with SHA-2 alone', () => {
    expect(signatureAlgorithms('ssh-rsa')).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
    expect(signatureAlgorithms('ecdsa-sha2-nistp256')).toEqual(['ecdsa-sha2-nistp256']);
  });
});
