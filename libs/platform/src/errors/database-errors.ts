import { DatabaseError } from 'pg';

interface DriverFault {
  code?: unknown;
  constraint?: unknown;
  message?: unknown;
  driverError?: unknown;
}

/** The PostgreSQL or socket error inside what TypeORM or pg threw. */
function driverFault(error: unknown): DriverFault | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const fault = error as DriverFault;
  return typeof fault.driverError === 'object' && fault.driverError !== null ? fault.driverError : fault;
}

/** Whether the error is a broken unique constraint (SQLSTATE 23505), of the given name where one is given. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const fault = driverFault(error);
  return fault?.code === '23505' && (constraint === undefined || fault.constraint === constraint);
}

/** Whether the error is a broken foreign key (SQLSTATE 23503), of the given name where one is given. */
export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  const fault = driverFault(error);
  return fault?.code === '23503' && (constraint === undefined || fault.constraint === constraint);
}

/** Whether a trigger refused the change (SQLSTATE 23001) in the name of a given constraint. */
export function isRefusedBy(error: unknown, constraint: string): boolean {
  const fault = driverFault(error);
  return fault?.code === '23001' && fault.constraint === constraint;
}

/** Whether the statement waited for a lock longer than its transaction wanted to (SQLSTATE 55P03), or in a circle (40P01). */
export function isLockFailure(error: unknown): boolean {
  const code = driverFault(error)?.code;
  return code === '55P03' || code === '40P01';
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

// pg and pg-pool report a lost or unobtainable connection by these sentences, without a code.
const CONNECTION_LOST =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Driver not Connected|Cannot use a pool after calling end/i;

/**
 * Whether the database, rather than the statement, failed: unreachable, shutting down, starting up, out of connections.
 * SQLSTATE classes 08 (connection) and 53 (resources), and 57P01 to 57P03 (shutdown, crash, not yet up);
 * https://www.postgresql.org/docs/15/errcodes-appendix.html
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  const fault = driverFault(error);
  if (!fault) return false;
  const code = typeof fault.code === 'string' ? fault.code : '';
  if (UNREACHABLE.has(code) || /^(08|53)...$|^57P0[123]$/.test(code)) return true;
  return !(fault instanceof DatabaseError) && typeof fault.message === 'string' && CONNECTION_LOST.test(fault.message);
}
