import { StoreFailure } from '../backup-store';
import { SFTP_STATUS, SftpFault, sftpFailure } from './sftp-failure';

const sshError = (level: string, message: string, code?: string) => Object.assign(new Error(message), { level, code });

describe('What a backup server is said to have done', () => {
  it.each([
    [new SftpFault(SFTP_STATUS.noSuchFile, '/b/x'), 'there is no /b/x', false],
    [new SftpFault(SFTP_STATUS.permissionDenied, '/b/x'), 'permission denied for /b/x', false],
    [new SftpFault(SFTP_STATUS.failure, '/b/x'), 'the server failed at /b/x (SFTP status 4)', true],
    [
      sshError('client-authentication', 'All configured authentication methods failed'),
      'the server refuses the key',
      false,
    ],
    [sshError('client-timeout', 'Timed out while waiting for handshake'), 'the server does not answer', true],
    [
      sshError('handshake', 'Handshake failed: no matching host key format'),
      /no host key of the configured type/,
      false,
    ],
    [
      sshError('handshake', 'Handshake failed: no matching key exchange algorithm'),
      /share no key exchange algorithm/,
      false,
    ],
    [sshError('client-socket', 'connect ECONNREFUSED', 'ECONNREFUSED'), /was refused.*ECONNREFUSED/, true],
    [new Error('Unable to start subsystem: sftp'), 'the server offers no SFTP', false],
    [new Error('No response from server'), 'the connection was cut', true],
    ['no error at all', 'the connection was cut', true],
  ])('%s', (error, words, mayPass) => {
    const failure = sftpFailure('sftp://a@b:22/c', error);
    if (typeof words === 'string') expect(failure.message).toBe(`sftp: ${words} (sftp://a@b:22/c)`);
    else expect(failure.message).toMatch(words);
    expect(failure.mayPass).toBe(mayPass);
  });

  it('stays as it was said', () => {
    const failure = new StoreFailure('sftp', 'why', false);
    expect(sftpFailure('elsewhere', failure)).toBe(failure);
  });
});
