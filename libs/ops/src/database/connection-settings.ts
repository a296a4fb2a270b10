import { existsSync } from 'node:fs';
import { scrub } from '@tiptop/platform';
import { Client } from 'pg';
import { StepFailure } from '../backups/backup-source';

/** Where a database is and as whom it is asked; no password. */
export interface DatabasePlace {
  host: string;
  port: number;
  user: string;
  database: string;
}

/** What a URL's parameters are called in the environment of PostgreSQL's programs. */
const VARIABLES: Readonly<Record<string, string>> = {
  application_name: 'PGAPPNAME',
  channel_binding: 'PGCHANNELBINDING',
  client_encoding: 'PGCLIENTENCODING',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  gssencmode: 'PGGSSENCMODE',
  hostaddr: 'PGHOSTADDR',
  krbsrvname: 'PGKRBSRVNAME',
  options: 'PGOPTIONS',
  requirepeer: 'PGREQUIREPEER',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  sslcert: 'PGSSLCERT',
  sslcrl: 'PGSSLCRL',
  sslkey: 'PGSSLKEY',
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslrootcert: 'PGSSLROOTCERT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
};

/** Seconds for the programs' connections, where the URL says nothing. */
const CONNECT_SECONDS = '30';
const SYSTEM_CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

/**
 * As the service itself connects: read by the same library, its defaults included.
 * @throws StepFailure
 */
export function placeOf(url: string): DatabasePlace {
  const { host, port, user = '', database = '' } = clientOf(url);
  return { host, port, user, database };
}

function clientOf(url: string): Client {
  try {
    return new Client({ connectionString: url });
  } catch (error) {
    // The certificates that the URL names are read here.
    const why = error instanceof Error ? scrub(error.message) : String(error);
    throw new StepFailure(`the database's URL can't be used (${why})`, false, { cause: error });
  }
}

/** For a person. */
export function placeInWords({ host, port, database }: DatabasePlace): string {
  return `database ${database} on ${host.startsWith('/') ? host : `${host}:${port}`}`;
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.searchParams.delete('dbname');
  other.searchParams.delete('database');
  other.pathname = `/${encodeURI(database)}`;
  return other.href;
}

/**
 * The environment with which PostgreSQL's programs reach the database of a URL. That is how the password gets to them
 * without standing in an argument, which every process may read. Parameters that they don't know are left out: the
 * service's library knows some of its own.
 * @throws StepFailure
 */
export function connectionEnvironment(url: string): Record<string, string> {
  const environment: Record<string, string> = { PGCONNECT_TIMEOUT: CONNECT_SECONDS };
  const { host, port, user, database, password } = clientOf(url);
  Object.assign(environment, { PGHOST: host, PGPORT: port.toString(), PGUSER: user ?? '', PGDATABASE: database ?? '' });
  if (typeof password === 'string' && password !== '') environment['PGPASSWORD'] = password;
  const parameters = new URL(url).searchParams;
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const value = parameters.get(name);
    if (value !== null && value !== '') environment[variable] = value;
  }
  Object.assign(environment, tlsEnvironment(parameters));
  return environment;
}

/** Where the service's library means something else by a parameter than PostgreSQL's programs do. */
function tlsEnvironment(parameters: URLSearchParams): Record<string, string> {
  const ssl = parameters.get('ssl');
  const given = parameters.get('sslmode') ?? (ssl === 'true' || ssl === '1' ? 'verify-full' : undefined);
  if (given === undefined) return {};
  // Encrypted, whoever answers: its name for what the programs call "require".
  if (given === 'no-verify') return { PGSSLMODE: 'require' };
  if (given !== 'verify-full' || parameters.has('sslrootcert')) return { PGSSLMODE: given };
  // The service trusts the well-known authorities; the programs have to be told where they are.
  const certificates = SYSTEM_CERTIFICATES.find((path) => existsSync(path));
  return { PGSSLMODE: given, ...(certificates === undefined ? {} : { PGSSLROOTCERT: certificates }) };
}
