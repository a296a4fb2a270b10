/** For a laptop, and enough for a benchmark on a machine with 24 GiB. */
const DEFAULTS: Readonly<Record<string, string>> = {
  shared_buffers: '256MB',
  max_connections: '200',
  wal_level: 'replica',
  max_wal_size: '2GB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Not open to change: nothing but this machine may reach the server, and a socket's path is limited to 107 bytes. */
const FIXED: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // The log is the server's stderr, and failures are recognised by its English text.
  logging_collector: 'off',
  log_destination: 'stderr',
  lc_messages: 'C',
  // An error's detail and its statement quote what people typed, and nobody erases a person from a log.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
};

/** Command line arguments of a server: the defaults, what the caller overrides, and what is not open to change. */
export function serverArguments(
  clusterDir: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): string[] {
  const all = { ...DEFAULTS, ...settings, ...FIXED, port: String(port) };
  // -D comes first: isPostmasterOf() recognises the server by it.
  return ['-D', clusterDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
