import { createLogger, type LogLevel, NestLogger, scrub } from './logger';
import { requestContext } from './request-context';

const JWT = 'eyJhbGciOiJIUzI1NiJ9aaaa.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';
const REFRESH = 'q83v5qPZ0k7mDq4bK5cGm0m0Wb1x2n3o4p5r6s7t8u9';

function recording(level: LogLevel = 'info') {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line) => void lines.push(line) });
  return {
    logger,
    lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    text: () => lines.join(''),
  };
}

describe('scrub', () => {
  it.each([
    ['Mail to camille.martin+thé@example.co.uk failed', 'Mail to [redacted] failed'],
    ['<a@b.fr>, "c@d.fr"; mailto:e@f.fr', '<[redacted]>, "[redacted]"; mailto:[redacted]'],
    ['zoé@münchen.example', '[redacted]'],
    [`Authorization: Bearer ${JWT}`, 'Authorization: [redacted]'],
    ['bearer abc', '[redacted]'],
    [`token ${JWT} was refused`, 'token [redacted] was refused'],
    [`refreshToken=${REFRESH}`, 'refreshToken=[redacted]'],
    ['postgres://app:s3cr3t@db.example:5432/tiptop', 'postgres://app:[redacted]@db.example:5432/tiptop'],
    ['smtp://:only-password@mail', 'smtp://:[redacted]@mail'],
    ['Key (email_key)=(a@b.fr) already exists.', 'Key (email_key)=([redacted]) already exists.'],
    ['Key (a, b)=(1, secret) is not present', 'Key (a, b)=([redacted]) is not present'],
    ['invalid input syntax for type uuid: "secret"', 'invalid input syntax for type uuid: "[redacted]"'],
    ['malformed array literal: "secret"', 'malformed array literal: "[redacted]"'],
    ['date/time field value out of range: "secret"', 'date/time field value out of range: "[redacted]"'],
    ['value "99999999999" is out of range for type integer', 'value "[redacted]" is out of range for type integer'],
  ])('%s', (text, expected) => {
    expect(scrub(text)).toBe(expected);
  });

  it.each([
    'relation "users" does not exist',
    'connect ECONNREFUSED 127.0.0.1:5432',
    'at AccessGuard.canActivate (/srv/tiptop/libs/auth/src/access/access.guard.ts:20:11)',
    'took over the server that was left running (process 21050)',
    'http://localhost:3000/docs',
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ])('leaves what finds the fault: %s', (text) => {
    expect(scrub(text)).toBe(text);
  });
});

describe('The log', () => {
  it('is one JSON object a line, with level, time and message', () => {
    const { logger, lines } = recording();
    logger.info({ contestId: 'c1', count: 3 }, 'Tickets made');
    logger.warn('Slow');
    expect(lines()).toEqual([
      { level: 'info', time: expect.any(String) as string, contestId: 'c1', count: 3, msg: 'Tickets made' },
      { level: 'warn', time: expect.any(String) as string, msg: 'Slow' },
    ]);
    expect(new Date(String(lines()[0]?.time)).toISOString()).toBe(lines()[0]?.time);
  });

  it('keeps what is below its level to itself', () => {
    const { logger, lines } = recording('warn');
    logger.debug('d');
    logger.info('i');
    logger.warn('w');
    logger.error('e');
    expect(lines().map(({ level }) => level)).toEqual(['warn', 'error']);
    const silent = recording('silent');
    silent.logger.error('e');
    expect(silent.lines()).toEqual([]);
  });

  it('carries the request’s id inside a request, and none outside', () => {
    const { logger, lines } = recording();
    requestContext.run({ requestId: 'r-1' }, () => {
      logger.info('inside');
    });
    logger.info('outside');
    expect(lines().map(({ requestId }) => requestId)).toEqual(['r-1', undefined]);
  });

  it('keeps the fields of one line to itself: the next one of the request does not repeat them', () => {
    const { logger, lines } = recording();
    requestContext.run({ requestId: 'r-1' }, () => {
      logger.info({ reason: 'of the first' }, 'first');
      logger.info('second');
    });
    expect(lines()[1]).toMatchObject({ requestId: 'r-1', msg: 'second' });
    expect(lines()[1]).not.toHaveProperty('reason');
  });

  it.each([
    'password', 'currentPassword', 'passwordHash', 'accessToken', 'refreshToken', 'idToken', 'token', 'authorization',
    'Authorization', 'cookie', 'set-cookie', 'code', 'codes', 'ticketCode', 'email', 'emailKey', 'e-mail', 'jwtSecret',
    'search',
  ])('never shows a field called %s, however deep', (name) => {
    const { logger, lines, text } = recording('debug');
    const secret = 'the-secret-value';
    logger.info({ [name]: secret }, 'x');
    logger.warn({ body: { [name]: secret } }, 'x');
    logger.error({ list: [{ deep: { deeper: { [name]: secret } } }] }, 'x');
    logger.info({ [name]: { inside: secret } }, 'x');
    expect(text()).not.toContain(secret);
    expect(lines()[0]?.[name]).toBe('[redacted]');
  }); // prettier-ignore

  it('leaves fields whose names only look alike', () => {
    const { logger, lines } = recording();
    logger.info(
      { errorCode: 'X', statusCode: 500, encoded: 'y', sessionId: 's', prefix: null, missing: undefined },
      'x',
    );
    expect(lines()[0]).toMatchObject({ errorCode: 'X', statusCode: 500, encoded: 'y', sessionId: 's', prefix: null });
  });

  it.each([
    ['a message', ['to a@b.fr']],
    ['a placeholder', ['to %s', 'a@b.fr']],
    ['an object in a placeholder', ['to %j', { to: 'a@b.fr' }]],
    ['a field under a harmless name', [{ who: 'a@b.fr' }, 'x']],
    ['a list', [{ list: ['a@b.fr'] }, 'x']],
    ['an error alone', [new Error('to a@b.fr')]],
    ['an error without a message of ours', [{ err: new Error('to a@b.fr') }]],
    ['an error with one', [{ err: new Error('to a@b.fr') }, 'x']],
    ['an error under another name', [{ failure: new Error('to a@b.fr') }, 'x']],
    ['a cause', [{ err: new Error('x', { cause: new Error('to a@b.fr') }) }, 'x']],
    ['too deep a place', [{ a: { b: { c: { d: { e: { f: { g: 'a@b.fr' } } } } } } }, 'x']],
  ] as [string, [string]][])('scrubs %s', (_place, args) => {
    const { logger, lines, text } = recording();
    logger.error(...args);
    expect(lines()).toHaveLength(1);
    expect(text()).not.toContain('a@b.fr');
    expect(text()).toContain('[redacted]');
  });

  it('shows of an error what finds the fault', () => {
    const { logger, lines } = recording();
    class Broken extends Error {}
    const error = Object.assign(new Broken('it broke'), { code: '23505' });
    logger.error({ err: error }, 'A request failed');
    expect(lines()[0]).toMatchObject({
      msg: 'A request failed',
      err: {
        type: 'Broken',
        message: 'it broke',
        sqlState: '23505',
        stack: expect.stringContaining('logger.spec.ts') as string,
      },
    });
  });

  it('leaves out what a driver hangs on its errors: the statement and its values', () => {
    const { logger, text } = recording();
    const hung = { query: 'INSERT INTO users', parameters: ['a-private-value'], detail: 'Key=(a-private-value)' };
    logger.error({ err: Object.assign(new Error('x'), hung) }, 'x');
    expect(text()).not.toMatch(/a-private-value|INSERT/);
  });

  it('survives an object that holds itself', () => {
    const { logger, lines } = recording();
    const loop: Record<string, unknown> = { name: 'loop' };
    loop.self = loop;
    logger.info(loop, 'x');
    expect(lines()[0]).toMatchObject({ name: 'loop', msg: 'x' });
  });

  it('does not change what it was given', () => {
    const { logger } = recording();
    const given = { user: { email: 'a@b.fr' } };
    logger.info(given, 'x');
    expect(given).toEqual({ user: { email: 'a@b.fr' } });
  });
});

describe('Nest’s own messages', () => {
  it('keep their level and context, the chatter of the start below the surface', () => {
    const { logger, lines } = recording('debug');
    const nest = new NestLogger(logger);
    nest.log('Mapped {/health}', 'RouterExplorer');
    nest.verbose('v', 'X');
    nest.debug('d', 'X');
    nest.warn('careful a@b.fr', 'X');
    nest.error('it broke', new Error('cause').stack, 'X');
    nest.error(new Error('thrown'));
    expect(lines().map(({ level, msg, context }) => [level, msg, context])).toEqual([
      ['debug', 'Mapped {/health}', 'RouterExplorer'],
      ['debug', 'v', 'X'],
      ['debug', 'd', 'X'],
      ['warn', 'careful [redacted]', 'X'],
      ['error', 'it broke', 'X'],
      ['error', 'thrown', undefined],
    ]);
    expect(lines().at(-1)).toMatchObject({ err: { message: 'thrown' } });
  });
});
