import { scrub } from '@tiptop/platform';
import { StepFailure } from '../backups/backup-source';
import { type DatabasePlace, placeInWords } from './connection-settings';

/** Whether what ended a connection may be over by the next try. */
const PASSING = true;
const LASTING = false;

/** What PostgreSQL or the network answers, in words, and whether trying again makes sense. */
const FAULTS: readonly [code: RegExp, words: (place: DatabasePlace, message: string) => string, mayPass: boolean][] = [
  [/^ECONNREFUSED$/, () => 'nobody answers there (connection refused)', PASSING],
  [/^(ENOTFOUND|EAI_AGAIN)$/, ({ host }) => `the name ${host} is not known`, PASSING],
  [/^ENOENT$/, ({ host }) => `there is no socket in ${host}`, PASSING],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, () => 'it does not answer in time', PASSING],
  [/^28P01$/, ({ user }) => `the password of role ${user} is refused`, LASTING],
  [/^28/, (_, message) => `it lets us not in: ${message}`, LASTING],
  [/^3D000$/, () => 'there is no such database', LASTING],
  [
    /^42501$/,
    ({ user }, message) => `${message} (role ${user}; to let it read everything: GRANT pg_read_all_data)`,
    LASTING,
  ],
  [/^53100$/, () => 'its disk is full', PASSING],
  [/^53300$/, () => 'it has no connection left', PASSING],
  [/^55P03$/, (_, message) => `something holds a table for itself, a migration for one (${message})`, PASSING],
  [/^57P03$/, () => 'it is starting or shutting down', PASSING],
  [/^(57P0[12]|08...|ECONNRESET|EPIPE)$/, () => 'it was shut down, or the connection was cut, in the middle', PASSING],
];

/** pg tells these without a code. */
const SENTENCES: readonly [message: RegExp, words: string, mayPass: boolean][] = [
  [/Connection terminated|not queryable/, 'it was shut down, or the connection was cut, in the middle', PASSING],
  [/timeout expired|Query read timeout/, 'it does not answer in time', PASSING],
  [/does not support SSL/, 'it does not encrypt its connections, and the URL asks for that', LASTING],
  [/certificate|self.signed/, 'its certificate is not to be trusted', LASTING],
];

/** SQLSTATE or the system's name of an error; empty where it has none. */
export function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return error instanceof StepFailure ? codeOf(cause) : '';
}

/**
 * Why a database did not do what it was asked.
 * @param error from pg
 * @param doing what was being done, as "dumping"
 */
export function databaseFault(error: unknown, place: DatabasePlace, doing: string): StepFailure {
  if (error instanceof StepFailure) return error;
  // Of several addresses of a host, none answered: the first says why.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = codeOf(first);
  const message = first instanceof Error ? scrub(first.message) : String(first);
  const [words, mayPass] = inWords(code, message, place);
  return new StepFailure(`${doing}: ${placeInWords(place)}: ${words}`, mayPass, { cause: error });
}

function inWords(code: string, message: string, place: DatabasePlace): [words: string, mayPass: boolean] {
  const known = FAULTS.find(([pattern]) => pattern.test(code));
  if (known) return [known[1](place, message), known[2]];
  const sentence = SENTENCES.find(([pattern]) => pattern.test(message));
  if (sentence) return [`${sentence[1]} (${message})`, sentence[2]];
  return [message, PASSING];
}
