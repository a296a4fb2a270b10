import { serverArguments } from './server-settings';

describe('server settings', () => {
  it('let the caller override the defaults, but not where the server listens', () => {
    const args = serverArguments('/data', 5555, {
      max_connections: '9',
      fsync: 'off',
      listen_addresses: '*',
      port: '1',
    });
    expect(args.slice(0, 2)).toEqual(['-D', '/data']);
    expect(args).toEqual(expect.arrayContaining(['shared_buffers=256MB', 'max_connections=9', 'fsync=off']));
    expect(args).toEqual(
      expect.arrayContaining(['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'port=5555']),
    );
    expect(args.filter((arg) => /^(max_connections|listen_addresses|port)=/.test(arg))).toHaveLength(3);
  });
});
