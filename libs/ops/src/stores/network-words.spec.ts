import { localWords } from './network-words';

const systemError = (code: string, syscall?: string, path?: string) =>
  Object.assign(new Error(`${code}: something with a secret`), {
    code,
    ...(syscall && { syscall }),
    ...(path && { path }),
  });

describe('What this machine says of a fault', () => {
  it.each([
    ['ECONNREFUSED', 'connect', /refused/, true],
    ['ENOTFOUND', 'getaddrinfo', /no host of that name/, true],
    ['ECONNRESET', 'read', /was cut/, true],
    ['EPIPE', 'write', /was cut/, true],
    ['ETIMEDOUT', 'connect', /not answered/, true],
    ['CERT_HAS_EXPIRED', undefined, /certificate is not trusted/, false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', undefined, /certificate is not trusted/, false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', undefined, /certificate is not trusted/, false],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', undefined, /certificate is not trusted/, false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined, /certificate is not trusted/, false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', undefined, /no TLS connection/, false],
    ['EPROTO', 'write', /does not speak TLS/, false],
  ])('of the connection, by %s', (code, syscall, words, mayPass) => {
    const said = localWords(systemError(code, syscall))!;
    expect(said.message).toMatch(words);
    expect(said.message).toContain(`(${code})`);
    expect(said.message).not.toContain('secret');
    expect(said.mayPass).toBe(mayPass);
  });

  it.each([
    ['ENOSPC', 'write', /a\/b on this machine does not fit: the disk is full \(ENOSPC\)/, false],
    ['ENOENT', 'open', /is not there/, false],
    ['EACCES', 'open', /may not be read/, false],
    ['EIO', 'read', /the disk fails/, true],
  ])('of its own disk, by %s', (code, syscall, words, mayPass) => {
    const said = localWords(systemError(code, syscall, 'a/b'))!;
    expect(said.message).toMatch(words);
    expect(said.mayPass).toBe(mayPass);
  });

  it('nothing of what it does not know', () => {
    for (const error of [
      systemError('EWHATEVER'),
      new Error('plain'),
      'a text',
      undefined,
      systemError('ENOENT', 'connect'),
    ]) {
      expect(localWords(error)).toBeUndefined();
    }
  });
});
