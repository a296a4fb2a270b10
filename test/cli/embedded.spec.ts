import { existsSync } from 'node:fs';
import { ended, json, says, Tiptop } from './tiptop';

const PASSWORD = 'trois-tasses-de-sencha';

describe('The command line on the embedded database', () => {
  let tiptop: Tiptop;

  beforeAll(async () => {
    tiptop = await Tiptop.build();
  });

  afterAll(() => tiptop.remove());

  /** The database of a folder, which is made by the first command there. */
  function inFolder(name: string): { tiptop: Tiptop; isRunning: () => boolean } {
    const dataDir = tiptop.path(name);
    return {
      tiptop: tiptop.with({ DATA_DIR: dataDir }),
      isRunning: () => existsSync(`${dataDir}/postgres/postmaster.pid`),
    };
  }

  it('starts it, migrates it, and leaves nothing running', async () => {
    const { tiptop, isRunning } = inFolder('data');
    const created = await tiptop.runApart(['contests', 'create', '--tickets', '1000']);
    expect(created).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('100 %') as string });
    expect(isRunning()).toBe(false);
    const verified = await tiptop.runApart(['contests', 'verify', '--contest', 'the-tip-top', '--json']);
    expect(verified).toMatchObject({ exitCode: 0, stderr: '' });
    expect(json(verified)).toMatchObject({ holds: true });
    const failed = await tiptop.runApart(['contests', 'verify', '--contest', 'nowhere']);
    expect(failed.exitCode).toBe(1);
    expect(isRunning()).toBe(false);
  });

  it('works beside the running service, and leaves it running', async () => {
    const { tiptop, isRunning } = inFolder('data');
    const service = tiptop.startService();
    const stopped = ended(service);
    try {
      const [, url = ''] = await says(service, /serves on (http:\/\/\S+)/);
      const contest = await tiptop.runApart(['contests', 'create', '--slug', 'beside', '--tickets', '500', '--json']);
      expect(contest.exitCode).toBe(0);
      const person = ['--role', 'admin', '--first-name', 'Alix', '--last-name', 'Bernard', '--password-stdin'];
      const email = 'alix@example.fr';
      const user = await tiptop.runApart(['users', 'create', '--email', email, ...person], { input: PASSWORD });
      expect(user.exitCode).toBe(0);
      expect((await tiptop.runApart(['contests', 'verify', '--contest', 'beside'])).exitCode).toBe(0);
      expect(isRunning()).toBe(true);
      const answer = await fetch(`${url}/v1/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password: PASSWORD }),
      });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ user: { id: user.stdout.trim(), role: 'admin' } });
    } finally {
      service.kill('SIGTERM');
    }
    expect((await stopped).exitCode).toBe(0);
    expect(isRunning()).toBe(false);
  });

  it('lets several commands share one server, whichever started it', async () => {
    const { tiptop, isRunning } = inFolder('shared');
    const runs = await Promise.all(
      [60_000, 1000, 30_000, 10].map((count) =>
        tiptop.runApart(['contests', 'create', '--slug', `at-once-${count}`, '--tickets', String(count), '--json']),
      ),
    );
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(runs.map((run) => json(run)['tickets'])).toEqual([60_000, 1000, 30_000, 10]);
    expect(isRunning()).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops it when ended by %s, with the work undone', async (signal) => {
    const { tiptop, isRunning } = inFolder('data');
    const slug = `cut-${signal.toLowerCase()}`;
    const child = tiptop.start(['contests', 'create', '--slug', slug, '--tickets', '500000']);
    const run = ended(child);
    await says(child, /Generating tickets: 10 %/);
    child.kill(signal);
    const { exitCode, stdout, stderr } = await run;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`tiptop: Interrupted by ${signal}; the step under way was undone.`);
    expect(stderr).not.toMatch(/^\s+at |"level"/m);
    expect(isRunning()).toBe(false);
    const exported = await tiptop.runApart(['tickets', 'export', '--contest', slug]);
    expect(exported).toMatchObject({ exitCode: 0, stdout: 'code,status,prize,playedAt,claimedAt\n' });
  });
});
