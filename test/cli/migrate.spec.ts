import { createTestDatabase, type TestDatabase } from '../support/database';
import { json, type Run, Tiptop } from './tiptop';

function statusIn(run: Run): { name: string; applied: boolean }[] {
  return json(run)['migrations'] as { name: string; applied: boolean }[];
}

describe('tiptop migrate', () => {
  let tiptop: Tiptop;
  let database: TestDatabase;

  beforeAll(async () => {
    const program = await Tiptop.build();
    database = await createTestDatabase('template0');
    tiptop = program.with({ DATABASE_URL: database.url });
  });

  afterAll(async () => {
    await database.drop();
    await tiptop.remove();
  });

  it('lists what is pending, applies it, and reverts one at a time', async () => {
    const before = await tiptop.run(['migrate', 'status', '--json']);
    expect(before).toMatchObject({ exitCode: 0, stderr: '' });
    const names = statusIn(before).map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(2);
    expect(names[0]).toBe('Accounts1795300000000');
    expect(statusIn(before).some(({ applied }) => applied)).toBe(false);

    expect(json(await tiptop.run(['migrate', 'up', '--json']))).toEqual({ applied: names });
    expect(await tiptop.run(['migrate', 'up'])).toEqual({ exitCode: 0, stdout: 'Nothing is pending.\n', stderr: '' });
    expect((await tiptop.run(['migrate', 'status'])).stdout).toBe(names.map((name) => `applied  ${name}\n`).join(''));

    const newest = names.at(-1);
    expect(json(await tiptop.run(['migrate', 'down', '--json']))).toEqual({ reverted: newest });
    const after = statusIn(await tiptop.run(['migrate', 'status', '--json']));
    expect(after.filter(({ applied }) => !applied)).toEqual([{ name: newest, applied: false }]);
    expect((await tiptop.run(['migrate', 'up'])).stdout).toBe(`Applied ${String(newest)}\n`);
  });

  it('is done by hand in production, and by itself elsewhere', async () => {
    const secrets = {
      JWT_SECRET: 'kR7vQ2mX9pLw4sZt8yBn3cFg6hJd5aEu',
      DECK_SECRET: 'Wq8eT4rY6uI2oP9aS3dF7gH1jK5lZxCv',
      ACCOUNT_SECRET: 'm5Xc2Vb8Nq4Wz7Ke1Rt6Yp3Ls9Df0Gh2',
      MAIL_DELIVERY: 'off',
    };
    const empty = await createTestDatabase('template0');
    try {
      const production = tiptop.with({ ...secrets, NODE_ENV: 'production', DATABASE_URL: empty.url });
      const refused = await production.run(['contests', 'create', '--tickets', '10']);
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toMatch(
        /^tiptop: The database lacks \d+ migration\(s\); run "tiptop migrate up" first\.\n$/,
      );
      expect((await production.run(['migrate', 'up'])).exitCode).toBe(0);
      expect((await production.run(['contests', 'create', '--tickets', '10'])).exitCode).toBe(0);
    } finally {
      await empty.drop();
    }
    const another = await createTestDatabase('template0');
    try {
      const development = tiptop.with({ DATABASE_URL: another.url });
      expect((await development.run(['contests', 'create', '--tickets', '10'])).exitCode).toBe(0);
    } finally {
      await another.drop();
    }
  });
});
