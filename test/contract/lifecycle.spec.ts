import { readFileSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContestsService, PrintRunService } from '@tiptop/game';
import { createDemoData, describeDemoData } from '../../apps/api/src/demo/demo-data';
import { ApiClient } from '../support/api-client';
import { type ProblemBody, registration, type SessionBody } from '../support/builders';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { databasePid, type Ended, type ServiceProcess, ServiceProgram } from '../support/service-process';
import { startTestApp } from '../support/test-app';

const ACCOUNT = /^ {2}(customer|employee|admin) +(\S+@\S+) +(\S+)$/gm;
const SECRETS = {
  JWT_SECRET: 'Zk3vQx9Lr7Bn2Wd8Ty5Hm1Pc6Gs4Jf0A',
  DECK_SECRET: 'p0Lq8Wn3Er6Ty1Ui9Op4As7Df2Gh5Jk0',
  ACCOUNT_SECRET: 'm5Xc2Vb8Nq4Wz7Ke1Rt6Yp3Ls9Df0Gh2',
};
/** Nobody is written to. */
const SMTP_URL = 'smtp://127.0.0.1:1';

let program: ServiceProgram;

beforeAll(async () => {
  program = await ServiceProgram.build();
});
afterAll(async () => {
  await program.clear();
});

interface DemoFile {
  accounts: Record<string, { email: string; password: string }>;
  codes: string[];
}

/** A request that the service has begun to receive, and that is sent to its end when the test says so. */
class HeldRequest {
  private received = '';
  private readonly socket: Socket;
  readonly answer: Promise<string>;

  private constructor(
    url: string,
    private readonly rest: string,
  ) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port) });
    this.socket.setEncoding('utf8').on('data', (part: string) => (this.received += part));
    this.answer = new Promise((settle, reject) => {
      this.socket.on('close', () => {
        settle(this.received);
      });
      this.socket.on('error', reject);
    });
  }

  static async send(url: string, text: string, held: number): Promise<HeldRequest> {
    const request = new HeldRequest(url, text.slice(-held));
    await new Promise((sent) => request.socket.write(text.slice(0, -held), sent));
    return request;
  }

  finish(): void {
    this.socket.write(this.rest);
  }
}

function loginRequest(email: string, password: string): string {
  const body = JSON.stringify({ email, password });
  const headers = `Host: x\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}`;
  return `POST /v1/auth/login HTTP/1.1\r\n${headers}\r\n\r\n${body}`;
}

/** Waits until nobody listens there any more. */
async function untilRefused(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  for (;;) {
    const open = await new Promise<boolean>((settle) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('connect', () => {
        socket.destroy();
        settle(true);
      });
      socket.on('error', () => {
        settle(false);
      });
    });
    if (!open) return;
    await sleep(20);
  }
}

describe('The service on a developer’s machine', () => {
  let dataDir: string;
  let demo: DemoFile;
  const person = registration();
  /** Left by one test for the next. */
  let running: ServiceProcess | undefined;

  beforeAll(() => {
    dataDir = join(program.folder, 'data');
  });

  const start = () => program.start({ DATA_DIR: dataDir });

  it('starts from nothing, and prints the demo accounts and five codes that work', async () => {
    running = start();
    const client = new ApiClient(await running.url());
    const { stderr } = running.said;
    demo = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as DemoFile;
    expect(statSync(join(dataDir, 'demo.json')).mode & 0o777).toBe(0o600);

    const printed = [...stderr.matchAll(ACCOUNT)].map(([, role, email, password]) => ({ role, email, password }));
    expect(printed.map(({ role }) => role)).toEqual(['customer', 'employee', 'admin']);
    const codes = /^ {2}(\w{10}(?: {2}\w{10}){4})$/m.exec(stderr)?.[1]?.split('  ');
    expect(codes).toEqual(demo.codes);
    for (const { role, email, password } of printed) {
      const { body } = await client.post<SessionBody>('/v1/auth/login', { email, password });
      expect(body.user).toMatchObject({ role });
      if (role === 'customer') {
        expect((await client.post('/v1/tickets/play', { code: demo.codes[0] }, body.accessToken)).status).toBe(200);
      }
    }
    expect((await client.post('/v1/auth/register', person)).status).toBe(201);
    expect(await client.get('/health')).toMatchObject({
      status: 200,
      body: { status: 'ok', checks: { database: 'up' } },
    });

    const rival = await start().ended;
    expect(rival).toMatchObject({ exitCode: 1, stdout: '' });
    expect(rival.stderr.trim().split('\n')).toEqual([expect.stringContaining(dataDir)]);
    expect((await client.get('/health')).status).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'at %s finishes what it has begun, refuses the rest, and stops its database last',
    async (signal) => {
      const service = running ?? start();
      running = undefined;
      const url = await service.url();
      const pid = databasePid(dataDir);
      expect(pid).toBeDefined();
      const { email, password } = demo.accounts.customer!;
      const logins = await Promise.all([1, 2, 3, 4].map(() => HeldRequest.send(url, loginRequest(email, password), 5)));
      const late = await HeldRequest.send(url, 'GET /v1/contest HTTP/1.1\r\nHost: x\r\n\r\n', 2);
      // They have to be with the service before the signal is.
      await new ApiClient(url).get('/health');
      await sleep(100);

      if (signal === 'SIGINT') service.signalGroup(signal);
      else service.signal(signal);
      service.signal(signal);
      await untilRefused(url);
      expect(service.hasEnded).toBe(false);
      expect(databasePid(dataDir)).toBe(pid);

      late.finish();
      const [head = '', body = ''] = (await late.answer).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 503 /);
      expect(head).toMatch(/^connection: close$/im);
      expect(head).toMatch(/^retry-after: \d+$/im);
      expect(head).toMatch(/^content-type: application\/problem\+json/im);
      expect(JSON.parse(body)).toMatchObject({ code: 'SHUTTING_DOWN', status: 503 } satisfies Partial<ProblemBody>);

      for (const login of logins) login.finish();
      for (const login of logins) {
        const answer = await login.answer;
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
        expect(answer).toMatch(/^connection: close$/im);
        expect(answer).toContain(`"email":"${email}"`);
      }
      const { exitCode, stdout } = await service.ended;
      expect(exitCode).toBe(0);
      expect(databasePid(dataDir)).toBeUndefined();
      const log = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(log.filter(({ msg }) => msg === 'Stopping')).toHaveLength(1);
      expect(log.filter(({ level }) => level === 'error')).toEqual([]);
      expect(
        log.filter(({ route, status }) => route === '/v1/auth/login' && status === 200).length,
      ).toBeGreaterThanOrEqual(4);
    },
  );

  it('prints the demo accounts once only, and goes on with its data after a kill -9', async () => {
    const first = start();
    await first.url();
    expect(first.said.stderr).not.toMatch(ACCOUNT);
    expect(first.said.stderr.trim().split('\n')).toHaveLength(1);
    first.signal('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');

    const second = start();
    const client = new ApiClient(await second.url());
    expect(second.said.stderr).not.toMatch(ACCOUNT);
    const login = await client.post<SessionBody>('/v1/auth/login', { email: person.email, password: person.password });
    expect(login.status).toBe(200);
    const play = (code: string | undefined) =>
      client.post<ProblemBody>('/v1/tickets/play', { code }, login.body.accessToken);
    expect(await play(demo.codes[0])).toMatchObject({ status: 409, body: { code: 'TICKET_ALREADY_PLAYED' } });
    expect((await play(demo.codes[1])).status).toBe(200);
    second.signal('SIGTERM');
    expect((await second.ended).exitCode).toBe(0);
    expect(databasePid(dataDir)).toBeUndefined();
  });
});

describe('The service that is asked to stop while it starts', () => {
  it('stops, and leaves no database behind', async () => {
    const dataDir = join(program.folder, 'data');
    const service = program.start({ DATA_DIR: dataDir, LOG_LEVEL: 'silent' });
    while (databasePid(dataDir) === undefined) await sleep(5);
    service.signal('SIGTERM');
    const { exitCode, stderr } = await service.ended;
    expect(exitCode).toBe(0);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(databasePid(dataDir)).toBeUndefined();
  });
});

describe('A start that can’t be', () => {
  const ended = new Map<string, Promise<Ended>>();
  let migrated: TestDatabase;
  let empty: TestDatabase;
  let taken: Server;
  let port: string;

  beforeAll(async () => {
    migrated = await createTestDatabase();
    empty = await createTestDatabase('template0');
    taken = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => taken.once('listening', listening));
    port = String((taken.address() as { port: number }).port);
    const production = { NODE_ENV: 'production', HOST: '127.0.0.1', SMTP_URL, ...SECRETS };
    const starts: Record<string, Record<string, string>> = {
      port: { DATABASE_URL: migrated.url, PORT: port, ...SECRETS },
      metricsPort: { DATABASE_URL: migrated.url, METRICS_PORT: port, ...SECRETS },
      settings: { PORT: 'eighty', TIME_ZONE: 'Mars/Olympus', DATABASE_URL: 'mysql://app:hunter2@db/x' },
      noSecrets: { NODE_ENV: 'production', SMTP_URL },
      placeholders: { ...production, DATABASE_URL: migrated.url, JWT_SECRET: 'change-me-change-me-change-me-1234' },
      notMigrated: { ...production, DATABASE_URL: empty.url },
      noDatabase: { ...production, DATABASE_URL: `postgres://app:hunter2@127.0.0.1:${port === '1' ? '2' : '1'}/x` },
      wrongPassword: { ...SECRETS, DATABASE_URL: migrated.url.replace(/:[^:@/]+@/, ':hunter2@') },
    };
    // At once, since each takes a second or so.
    for (const [name, env] of Object.entries(starts)) {
      ended.set(name, program.start({ DATA_DIR: join(program.folder, name), ...env }).ended);
    }
    await Promise.all(ended.values());
  });
  afterAll(async () => {
    taken.close();
    await migrated.drop();
    await empty.drop();
  });

  async function complaintOf(name: string): Promise<string[]> {
    const { exitCode, stdout, stderr } = (await ended.get(name))!;
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).not.toContain('hunter2');
    return stderr.trimEnd().split('\n');
  }

  it('names PORT where the port is taken', async () => {
    expect(await complaintOf('port')).toEqual([`Port ${port} is taken; set PORT to another one.`]);
  });

  it('names METRICS_PORT where that one is', async () => {
    expect(await complaintOf('metricsPort')).toEqual([`Port ${port} is taken; set METRICS_PORT to another one.`]);
  });

  it('lists every setting that is wrong, without its value', async () => {
    const [title, ...lines] = await complaintOf('settings');
    expect(title).toBe('The configuration is not usable:');
    expect(lines.map((line) => /^ {2}([A-Z_]+): /.exec(line)?.[1]).sort()).toEqual([
      'DATABASE_URL',
      'PORT',
      'TIME_ZONE',
    ]);
    expect(lines.join()).not.toMatch(/eighty|Olympus/);
  });

  it('asks for database and secrets in production', async () => {
    const [, ...lines] = await complaintOf('noSecrets');
    expect(lines).toEqual(
      ['DATABASE_URL', 'JWT_SECRET', 'DECK_SECRET', 'ACCOUNT_SECRET'].map(
        (name) => `  ${name}: is required in production`,
      ),
    );
  });

  it('refuses placeholders in production', async () => {
    const lines = await complaintOf('placeholders');
    expect(lines).toEqual([
      'The configuration is not usable:',
      expect.stringMatching(/^ {2}JWT_SECRET: is a placeholder/),
    ]);
  });

  it('does not migrate by itself in production, and says who does', async () => {
    expect(await complaintOf('notMigrated')).toEqual([
      expect.stringMatching(/^The database lacks \d+ migration\(s\); run "tiptop migrate up" first\.$/),
    ]);
  });

  it('tells of a database that is away, or does not let it in', async () => {
    for (const [name, why] of [
      ['noDatabase', 'ECONNREFUSED'],
      ['wrongPassword', '28P01'],
    ] as const) {
      expect(await complaintOf(name)).toEqual([`The database that DATABASE_URL names can't be used (${why}).`]);
    }
  });

  it('starts where all is well: in production, on a migrated database, without demo data', async () => {
    const service = program.start({
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      SMTP_URL,
      DATABASE_URL: migrated.url,
      DATA_DIR: join(program.folder, 'production'),
      ...SECRETS,
    });
    const client = new ApiClient(await service.url());
    expect((await client.get('/health')).status).toBe(200);
    expect(await client.get('/v1/contest')).toMatchObject({ status: 404, body: { code: 'NO_CONTEST' } });
    expect(service.said.stderr.trim().split('\n')).toHaveLength(1);
    service.signal('SIGTERM');
    expect((await service.ended).exitCode).toBe(0);
  });
});

describe('The demo data', () => {
  it('are completed by the next start where the first was killed between any two steps', async () => {
    const test = await startTestApp();
    const dataDir = test.config.dataDir;
    const kill = new Error('killed');
    try {
      jest.spyOn(test.app.get(ContestsService), 'create').mockRejectedValueOnce(kill);
      await expect(createDemoData(test.app, dataDir)).rejects.toBe(kill);
      jest.spyOn(test.app.get(PrintRunService), 'generate').mockRejectedValueOnce(kill);
      await expect(createDemoData(test.app, dataDir)).rejects.toBe(kill);

      const demo = await createDemoData(test.app, dataDir);
      expect(demo?.codes).toHaveLength(5);
      expect(JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'))).toEqual(demo);
      for (const [role, account] of Object.entries(demo!.accounts)) {
        const login = await test.client.post<SessionBody>('/v1/auth/login', account);
        expect(login.body.user.role).toBe(role);
        expect(describeDemoData(demo!)).toContain(account.password);
      }
      expect(await createDemoData(test.app, dataDir)).toBeUndefined();
    } finally {
      jest.restoreAllMocks();
      await test.stop();
    }
  });
});
