import { once } from 'node:events';
import type { Server } from 'node:http';
import { Client } from 'pg';
import { listenOnLoopback, stopServer } from '../support/loopback-server';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';
import { json, refusal, Tiptop } from './tiptop';

const OF_SMOKE = `BETWEEN '00000000-0000-8000-8000-000000000000' AND '00000000-0000-8000-8000-ffffffffffff'`;

describe('tiptop smoke', () => {
  let test: TestApp;
  let program: Tiptop;
  let tiptop: Tiptop;
  let client: Client;

  beforeAll(async () => {
    test = await startTestApp();
    program = await Tiptop.build();
    const { databaseUrl = '', deckSecret, jwtSecret } = test.config;
    tiptop = program.with({ DATABASE_URL: databaseUrl, DECK_SECRET: deckSecret, JWT_SECRET: jwtSecret });
    client = new Client({ connectionString: databaseUrl });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await program.remove();
    await test.stop();
  });

  const passwords = async (): Promise<number> => {
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(password_hash)::int AS n FROM users WHERE id ${OF_SMOKE}`,
    );
    return rows[0]!.n;
  };

  it('tells step by step what it saw, and ends with 0', async () => {
    const run = await tiptop.run(['smoke', '--base-url', test.client.url, '--json']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const report = json(run) as { steps: { name: string }[] };
    expect(report).toMatchObject({ baseUrl: `${test.client.url}/`, passed: true });
    expect(report.steps.map(({ name }) => name)).toContain('claimed');
    const told = await tiptop.run(['smoke', '--base-url', test.client.url]);
    expect(told.exitCode).toBe(0);
    expect(told.stdout).toMatch(/^The smoke journey PASSED\n {2}passed {2}address /);
    expect(told.stderr).toContain('tiptop: setting the stage\n');
    expect(await passwords()).toBe(0);
  });

  it('names the step that failed, ends with 1, and leaves no door open', async () => {
    const { server, url } = await listenOnLoopback((_, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json' }).end('{"code":"DATABASE_UNAVAILABLE"}');
    });
    try {
      const run = await tiptop.run(['smoke', '--base-url', url, '--json']);
      expect(run).toMatchObject({ exitCode: 1, stderr: '' });
      const detail = 'answered 503 DATABASE_UNAVAILABLE, not 200';
      expect(json(run)).toMatchObject({
        passed: false,
        steps: [{ status: 'passed' }, { name: 'health', status: 'failed', detail }],
      });
      const told = await tiptop.run(['smoke', '--base-url', url]);
      expect(told).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(detail) as string });
      expect(await passwords()).toBe(0);
    } finally {
      await stopServer(server);
    }
  });

  it.each(['nonsense', 'file:///etc', 'https://somebody:secret@the-tip-top.example'])('refuses %s', async (url) => {
    const run = await tiptop.run(['smoke', '--base-url', url, '--json']);
    expect(run.exitCode).toBe(2);
    expect(refusal(run)).toMatchObject({ code: 'WRONG_USAGE' });
    expect(run.stdout).not.toContain('secret');
  });

  it('shuts the doors as well where a signal ends it in the middle', async () => {
    let asked = 0;
    const hanging: { server: Server; url: string } = await listenOnLoopback(() => {
      asked++;
    });
    const child = tiptop.start(['smoke', '--base-url', hanging.url]);
    try {
      await until('the service was asked', () => asked > 0);
      expect(await passwords()).toBe(2);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect((await ended)[0]).toBe(1);
      expect(await passwords()).toBe(0);
    } finally {
      child.kill('SIGKILL');
      await stopServer(hanging.server);
    }
  });
});
