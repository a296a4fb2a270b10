import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
import { StepFailure } from '../../backups/backup-source';
import { placeInWords, placeOf } from '../../database/connection-settings';
import type { Underway } from '../deployment-watch';
import { scramVerifier } from './scram-verifier';

const LOCK = 'tiptop prepare';
const PAUSE_MS = 500;
const CONNECT_MS = 5000;

/** A role that signs in, beside the owner's. */
export interface DatabaseRole {
  name: string;
  password: string;
  /** What it may beyond signing in, as CREATE ROLE takes it. */
  attributes: string;
}

/** The role that the service signs in as. */
export const SERVICE_ROLE = 'tiptop_service';
/** It reads everything, for the backups. */
export const BACKUP_ROLE = 'tiptop_backup';
/** In its databases a dump is restored for a look. */
export const SCRATCH_ROLE = 'tiptop_scratch';

/**
 * Waits until the database lets its owner in.
 * @throws StepFailure once it refuses the owner, or has not answered for so long
 */
export async function awaitDatabase(ownerUrl: string, patienceMs: number, underway: Underway): Promise<void> {
  const { signal, progress } = underway;
  const place = placeInWords(placeOf(ownerUrl));
  const deadline = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const fault = await connectFault(ownerUrl);
    if (fault === undefined) return;
    if (fault instanceof DatabaseError && fault.code?.startsWith('28') === true) {
      const why = 'its volume was made with another password than the file postgres_password holds';
      throw new StepFailure(`The ${place} refuses its owner: perhaps ${why}`, false, { cause: fault });
    }
    if (performance.now() > deadline) {
      throw new StepFailure(`The ${place} did not answer: ${fault.message}`, true, { cause: fault });
    }
    progress(`waiting for the ${place}`);
    await pause(PAUSE_MS, undefined, { signal });
  }
}

/**
 * Makes the roles that are missing, and gives all of them the passwords that the files hold; nobody else may connect.
 * @param ownerUrl of a role that makes roles
 */
export async function ensureRoles(ownerUrl: string, roles: readonly DatabaseRole[]): Promise<void> {
  const client = clientOf(ownerUrl);
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [LOCK]);
    const { rows } = await client.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
    const present = new Set(rows.map(({ name }) => name));
    for (const role of roles) await client.query(statementFor(role, present.has(role.name)));
    const database = escapeIdentifier(placeOf(ownerUrl).database);
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${escapeIdentifier(BACKUP_ROLE)}`);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

function statementFor({ name, password, attributes }: DatabaseRole, present: boolean): string {
  // The verifier takes the password's place: the server never hears it, and can't write it into its log.
  const verifier = escapeLiteral(scramVerifier(password));
  const quoted = escapeIdentifier(name);
  if (present) return `ALTER ROLE ${quoted} PASSWORD ${verifier}`;
  return `CREATE ROLE ${quoted} LOGIN PASSWORD ${verifier} ${attributes}`;
}

async function connectFault(url: string): Promise<Error | undefined> {
  const client = clientOf(url);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function clientOf(url: string): Client {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  // A connection that breaks shows itself at the next statement.
  client.on('error', () => undefined);
  return client;
}
