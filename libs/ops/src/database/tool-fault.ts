import { basename } from 'node:path';
import { scrub } from '@tiptop/platform';
import { StepFailure } from '../backups/backup-source';
import type { ProcessFailure } from '../processes/processes';

/** Lines of a program that an alert repeats, and warnings that a report does. */
const QUOTED_LINES = 5;

/** What a program said that means that trying again is of no use. */
const LASTING =
  /permission denied|authentication failed|does not exist|version mismatch|unsupported version|unrecognized/i;
const MEANINGS: readonly [said: RegExp, words: string][] = [
  // What pg_dump's --lock-wait-timeout comes to.
  [/(statement|lock) timeout/, 'something changes the form of a table'],
  [
    /server closed the connection|terminating connection|connection to server .* failed|the database system is/i,
    'PostgreSQL was shut down, or the connection was cut',
  ],
];

/** Of what it tells beside an error: the server's answer, but not the statement. */
const ASIDE = /^(detail|hint): (?!Error message from server: )/;

/**
 * What a program of PostgreSQL says on stderr, fit for an alert: the lines that begin with its name. The others, DETAIL and
 * CONTEXT for two, quote rows, and those are people's data.
 */
export function harmlessLines(program: string, stderr: string): string[] {
  const own = `${basename(program)}: `;
  return stderr
    .split('\n')
    .filter((line) => line.startsWith(own))
    .map((line) => scrub(line.slice(own.length).trim()))
    .filter((line) => !ASIDE.test(line));
}

/** A warning of such a program, without its name; undefined for any other line. */
export function warningOf(program: string, line: string): string | undefined {
  const [text] = harmlessLines(program, line);
  return text?.startsWith('warning: ') ? text.slice('warning: '.length) : undefined;
}

/**
 * @param doing what was being done, as "dumping"
 */
export function toolFault(failure: ProcessFailure, doing: string): StepFailure {
  const program = basename(failure.program);
  const said = harmlessLines(program, failure.stderr)
    .filter((line) => !line.startsWith('warning: '))
    .slice(-QUOTED_LINES);
  const text = said.join('; ');
  const mayPass = failure.reason !== 'missing' && !(failure.reason === 'exit' && LASTING.test(text));
  // Its own message ends with all that it said.
  const how = failure.stderr === '' ? failure.message : failure.message.slice(0, -failure.stderr.length - 2);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(text))?.[1];
  const why = meaning === undefined ? text : `${meaning} (${text})`;
  return new StepFailure(`${doing}: ${how}${why === '' ? '' : `: ${why}`}`, mayPass, { cause: failure });
}
