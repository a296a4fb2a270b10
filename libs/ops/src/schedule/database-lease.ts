import { setTimeout as pause } from 'node:timers/promises';
import { advisoryKey } from '@tiptop/platform';
import { codeOf } from '../database/database-fault';
import { LeaseConnection } from './lease-connection';
import type { LeaseTimes } from './lease-times';
import type { Operation } from './operation-lease.entity';
import { LeaseLost, type OperationHolder, OperationUnderWay, SOMEBODY } from './operation.errors';

/** Between a holder's lock and its row, or between their ends, is a moment: it is waited for, not told of. */
const TRIES = 20;
const PAUSE_MS = 25;

/**
 * There is no server, or no such database. One that has answered and then cut the connection is something else: it may have
 * given the lease to another one.
 */
const NOBODY_ANSWERS = /^(ECONNREFUSED|ENOENT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|57P03|3D000)$/;
/** pg tells it without a code. */
const NO_ANSWER = /timeout expired/;
/** An empty database, into which one is restored. */
const NO_TABLE = '42P01';

/** PostgreSQL keeps no leases: it is down, or its database is not there. */
export class NoServer extends Error {
  constructor(override readonly cause: unknown) {
    super('PostgreSQL keeps no leases', { cause });
    this.name = 'NoServer';
  }
}

export interface LeaseRequest {
  url: string;
  environment: string;
  operation: Operation;
  owner: string;
  /** Whose row may be taken at once: its process has ended. */
  endedOwner: string | undefined;
}

interface HolderRow {
  operation: Operation;
  owner: string;
  acquired_at: Date;
}

/**
 * A silent session is ended by the server itself, and its lock with it: so a holder that hangs keeps nobody out for longer
 * than one that is dead.
 */
const END_IF_SILENT = `SELECT set_config('idle_session_timeout', $1, false), set_config('statement_timeout', '0', false)`;
const TRY_LOCK = 'SELECT pg_try_advisory_lock($1::bigint) AS won';
const HOLDER = 'SELECT operation, owner, acquired_at FROM operation_leases WHERE environment = $1';
// A heartbeat of the future is none: the server's clock was set back.
const TAKE_ROW = `
  INSERT INTO operation_leases AS lease (environment, operation, owner) VALUES ($1, $2, $3)
  ON CONFLICT (environment) DO UPDATE
    SET operation = excluded.operation, owner = excluded.owner, acquired_at = now(), heartbeat_at = now()
    WHERE lease.owner = $4
      OR lease.heartbeat_at NOT BETWEEN now() - $5 * interval '1 ms' AND now() + $5 * interval '1 ms'
  RETURNING owner`;
const BEAT = `
  UPDATE operation_leases SET heartbeat_at = now() WHERE environment = $1 AND owner = $2 RETURNING owner`;
const LEAVE_ROW = 'DELETE FROM operation_leases WHERE environment = $1 AND owner = $2';

/**
 * The lease as PostgreSQL keeps it, on a connection of its own: a session's lock, which ends with its holder, and a row with a
 * heartbeat, which does not end with a connection that was cut while its holder still works.
 */
export class DatabaseLease {
  private constructor(
    private connection: LeaseConnection,
    private readonly request: LeaseRequest,
    private readonly answerMs: number,
    /** Aborted with a LeaseLost when its connection ends. */
    readonly lost: AbortSignal,
  ) {}

  /** @throws OperationUnderWay, NoServer, what pg says */
  static async take(request: LeaseRequest, { beatMs, staleMs }: LeaseTimes): Promise<DatabaseLease> {
    const lost = new AbortController();
    const connection = await connect(request.url, beatMs * 2, (error) => {
      lost.abort(new LeaseLost(`its database connection has ended (${error.message})`, { cause: error }));
    });
    try {
      await connection.query(END_IF_SILENT, [String(staleMs)]);
      await lock(connection, request.environment);
      await takeRow(connection, request, staleMs);
    } catch (error) {
      await connection.close();
      throw codeOf(error) === NO_TABLE ? new NoServer(error) : error;
    }
    return new DatabaseLease(connection, request, beatMs * 2, lost.signal);
  }

  /**
   * Keeps the row alive. Without its first connection the lease is lost; until the work has ended its row keeps others out
   * nevertheless, by another connection.
   * @throws LeaseLost where the row is another one's, what pg says
   */
  async beat(): Promise<void> {
    const { environment, owner } = this.request;
    const rows = await (await this.connected()).query(BEAT, [environment, owner]);
    if (rows.length === 0) throw new LeaseLost("its row is gone or another one's");
  }

  /** Ends the connection, at which something hangs. */
  cut(): void {
    this.connection.cut();
  }

  /** @throws what pg says; the row is taken for dead then, in time */
  async release(): Promise<void> {
    const { environment, owner } = this.request;
    try {
      await (await this.connected()).query(LEAVE_ROW, [environment, owner]);
    } finally {
      await this.connection.close();
    }
  }

  private async connected(): Promise<LeaseConnection> {
    if (this.connection.isLost) {
      this.connection = await LeaseConnection.open(this.request.url, this.answerMs, () => undefined);
    }
    return this.connection;
  }
}

async function connect(url: string, answerMs: number, onLost: (error: Error) => void): Promise<LeaseConnection> {
  try {
    return await LeaseConnection.open(url, answerMs, onLost);
  } catch (error) {
    const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
    const isDown = NOBODY_ANSWERS.test(codeOf(first)) || NO_ANSWER.test((first as Error).message);
    throw isDown ? new NoServer(error) : error;
  }
}

async function lock(connection: LeaseConnection, environment: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const [answer] = await connection.query<{ won: boolean }>(TRY_LOCK, [advisoryKey(`operations ${environment}`)]);
    if (answer?.won) return;
    const holder = await holderOf(connection, environment);
    if (holder) throw new OperationUnderWay(holder);
    await pause(PAUSE_MS);
  }
  throw new OperationUnderWay(SOMEBODY);
}

async function takeRow(
  connection: LeaseConnection,
  { environment, operation, owner, endedOwner }: LeaseRequest,
  staleMs: number,
): Promise<void> {
  const taken = await connection.query(TAKE_ROW, [environment, operation, owner, endedOwner ?? null, staleMs]);
  if (taken.length > 0) return;
  // Its connection was cut, and it may still be at work.
  throw new OperationUnderWay((await holderOf(connection, environment)) ?? SOMEBODY);
}

async function holderOf(connection: LeaseConnection, environment: string): Promise<OperationHolder | undefined> {
  const [row] = await connection.query<HolderRow & { [column: string]: unknown }>(HOLDER, [environment]);
  return row && { operation: row.operation, owner: row.owner, since: row.acquired_at };
}
