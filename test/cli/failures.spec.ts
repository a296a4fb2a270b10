import { createTestDatabase } from '../support/database';
import { refusal, Tiptop } from './tiptop';

const VERIFY = ['contests', 'verify', '--contest', 'x'];

describe('Failures of the command line', () => {
  let tiptop: Tiptop;

  beforeAll(async () => {
    tiptop = await Tiptop.build();
  });

  afterAll(() => tiptop.remove());

  it('names the wrong setting and not its value', async () => {
    const env = { DATABASE_POOL_SIZE: 'sixteen', JWT_SECRET: 'short' };
    const run = await tiptop.runApart(VERIFY, { env });
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toMatch(/^tiptop: The configuration is not usable:\n/);
    expect(run.stderr).toContain('DATABASE_POOL_SIZE');
    expect(run.stderr).toContain('JWT_SECRET');
    expect(run.stderr).not.toMatch(/sixteen|short\b|^\s+at /m);
    const inJson = await tiptop.run([...VERIFY, '--json'], { env });
    expect(inJson.exitCode).toBe(1);
    expect(refusal(inJson).code).toBe('WRONG_CONFIGURATION');
  });

  it('tells that the database is not there, or does not let us in', async () => {
    const nowhere = { DATABASE_URL: 'postgres://tiptop:geheim@127.0.0.1:1/tiptop' };
    const unreachable = await tiptop.run(VERIFY, { env: nowhere });
    expect(unreachable).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'tiptop: The database can’t be reached, or went away.\n',
    });
    const database = await createTestDatabase();
    try {
      const url = new URL(database.url);
      url.password = 'geheim';
      const refused = await tiptop.run([...VERIFY, '--json'], { env: { DATABASE_URL: url.href } });
      expect(refused.exitCode).toBe(1);
      expect(refusal(refused).code).toBe('DATABASE_REFUSED');
      expect(refused.stdout + refused.stderr).not.toContain('geheim');
    } finally {
      await database.drop();
    }
  });

  it('reads .env in the current folder, which the environment overrides', async () => {
    await tiptop.file('.env', 'DATABASE_URL=postgres://x:x@127.0.0.1:1/x\nMINIMUM_AGE=old\n');
    const run = await tiptop.runApart(VERIFY);
    expect(run.stderr).toContain('MINIMUM_AGE');
    const overridden = await tiptop.runApart(VERIFY, { env: { MINIMUM_AGE: '18' } });
    expect(overridden.stderr).toContain('The database can’t be reached');
  });
});
