import { scrub } from '@tiptop/platform';
import type { HiddenWords } from '../../alerts/hidden-words';
import { StepFailure } from '../../backups/backup-source';
import { stopped } from '../../database/stopped';
import type { ProcessFailure } from '../../processes/processes';

/** Of what a program says when it gives up, so many lines are repeated, and so many characters. */
const QUOTED_LINES = 3;
const QUOTED_CHARACTERS = 600;

// As programs write that believe in a terminal: colours; and ways back over what they have written already.
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[0-9;]*m/g;
// eslint-disable-next-line no-control-regex
const WAYS_BACK = /\u001b\[[0-9;?]*[A-Za-ln-z]|\r/g;

/** What the engine's programs say when the registry, the network or the engine itself is away: it may be back. */
const PASSING =
  /connection refused|connection reset|i\/o timeout|timed? ?out|TLS handshake|no such host|server misbehaving|network is unreachable|no route to host|unexpected EOF|: EOF|unexpected HTTP status|status code 5\d\d|50[0234] |toomanyrequests|service unavailable|deadline exceeded|cannot connect to the docker daemon|couldn't connect to docker daemon|error during connect/i;
/** Said beside the above at times, and stronger: an address is refused because its certificate is, for one. */
const LASTING =
  /no such image|manifest unknown|not found|denied|unauthorized|authentication required|no basic auth|invalid reference|x509|no space left/i;

/** The end of what a program said, fit for an alert. */
export function lastWords(said: string, hidden: HiddenWords, lines = QUOTED_LINES): string {
  const told = said
    .replace(COLOURS, '')
    .replace(WAYS_BACK, '\n')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-lines)
    .join('; ');
  return scrub(hidden.redact(told)).slice(-QUOTED_CHARACTERS * Math.ceil(lines / QUOTED_LINES));
}

/** Whether what a program said may be gone at the next attempt. */
export function soundsPassing(said: string): boolean {
  return PASSING.test(said) && !LASTING.test(said);
}

/** @param doing what was being done, as "pulling registry.example/backend:dev-latest" */
export function engineFault(
  failure: ProcessFailure,
  doing: string,
  hidden: HiddenWords,
  signal: AbortSignal,
): StepFailure {
  if (failure.reason === 'aborted' && signal.aborted) return stopped(signal, doing);
  // Its own message ends with all that it said.
  const how = failure.stderr === '' ? failure.message : failure.message.slice(0, -failure.stderr.length - 2);
  const said = lastWords(failure.stderr, hidden);
  const mayPass = failure.reason === 'exit' ? soundsPassing(failure.stderr) : failure.reason !== 'missing';
  // No cause: it carries what has just been taken out.
  return new StepFailure(`${doing}: ${how}${said === '' ? '' : `: ${said}`}`, mayPass);
}
