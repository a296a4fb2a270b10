import { ProcessFailure } from '../processes/processes';
import { harmlessLines, toolFault, warningOf } from './tool-fault';

const PROGRAM = '/usr/lib/postgresql/15/bin/pg_restore';

/** As pg_restore writes it where a restored table refuses a row. */
const WITH_ROWS = `pg_restore: processing data for table "public.users"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3401; 0 16412 TABLE DATA users tiptop
pg_restore: error: COPY failed for table "users": ERROR:  duplicate key value violates unique constraint "users_pkey"
DETAIL:  Key (email)=(zoe@example.fr) already exists.
CONTEXT:  COPY users, line 3: "f00	Zoë	L'Hôte	1990-05-17"
pg_restore: detail: Command was: COPY public.users (id, first_name) FROM stdin;
INSERT INTO secrets VALUES ('Zoë')`;

const failed = (stderr: string, reason: ProcessFailure['reason'] = 'exit'): ProcessFailure =>
  new ProcessFailure(PROGRAM, reason, 'ended with 1', stderr);

describe('What a program of PostgreSQL says', () => {
  it('is repeated without people’s data', () => {
    const { message } = toolFault(failed(WITH_ROWS), 'restoring');
    expect(message).toMatch(
      /^restoring: pg_restore ended with 1: .*TABLE DATA users tiptop; error: COPY failed for table "users"/,
    );
    expect(message).not.toMatch(/zoe|Zoë|1990|INSERT|CONTEXT|DETAIL|Command/);
  });

  it('is the same without the file name of the program', () => {
    expect(harmlessLines('/x/pg_dump', 'pg_dump: error: no\npg_restore: error: other\nplain\n')).toEqual(['error: no']);
  });

  it.each([
    ['pg_dump: error: query failed: ERROR:  permission denied for sequence hidden', false],
    [
      'pg_dump: error: connection to server at "127.0.0.1" failed: FATAL:  password authentication failed for user "x"',
      false,
    ],
    ['pg_dump: error: aborting because of server version mismatch', false],
    ['pg_restore: error: unsupported version (1.16) in file header', false],
    ['pg_dump: error: Dumping the contents of table "t" failed: PQgetResult() failed.', true],
    ['', true],
  ])('decides whether trying again makes sense: %j', (stderr, mayPass) => {
    const failure = new ProcessFailure(stderr.split(':')[0] ?? '', 'exit', 'ended with 1', stderr);
    expect(toolFault(failure, 'dumping').mayPass).toBe(mayPass);
  });

  it('does not matter where the program is missing, or was killed', () => {
    expect(toolFault(failed('', 'missing'), 'x').mayPass).toBe(false);
    expect(toolFault(failed('pg_restore: error: permission denied', 'signal'), 'x').mayPass).toBe(true);
  });

  it('is put in words where the server went away or a table is held', () => {
    const gone = `pg_restore: error: COPY failed\npg_restore: detail: Error message from server: server closed the connection unexpectedly`;
    expect(toolFault(failed(gone), 'x').message).toMatch(
      /: PostgreSQL was shut down, or the connection was cut \(error: COPY failed; /,
    );
    const held = 'pg_restore: error: query failed: ERROR:  canceling statement due to lock timeout';
    expect(toolFault(failed(held), 'x').message).toMatch(/: something changes the form of a table \(/);
  });

  it('is a warning or is not', () => {
    expect(warningOf('/x/pg_dump', 'pg_dump: warning: there are circular foreign keys')).toBe(
      'there are circular foreign keys',
    );
    expect(warningOf('/x/pg_dump', 'pg_dump: error: no')).toBeUndefined();
    expect(warningOf('/x/pg_dump', 'warning: not its own')).toBeUndefined();
    const both = `pg_restore: warning: odd\npg_restore: error: even`;
    expect(toolFault(failed(both), 'x').message).toBe('x: pg_restore ended with 1: error: even');
  });
});
