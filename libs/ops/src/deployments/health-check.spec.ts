import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { opsConfig } from '../../../../test/support/ops-config';
import { HealthCheck } from './health-check';

const base = opsConfig({});

describe('The health check of a deployment', () => {
  let server: Server | undefined;
  const heard: string[] = [];
  afterEach(async () => {
    server?.closeAllConnections();
    if (server) await once(server.close(), 'close');
    server = undefined;
    heard.length = 0;
  });

  async function check(answer: RequestListener | undefined, tries = 3, healthSeconds = 0): Promise<HealthCheck> {
    server = createServer((request, response) => {
      heard.push(`${request.method!} ${request.url!}`);
      answer?.(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const deploy = { ...base.ops.deploy, healthTries: tries, healthSeconds };
    return new HealthCheck(base.with({ publicUrl, ops: { ...base.ops, environment: 'dev', deploy } }));
  }

  const wait = async (health: HealthCheck, signal = new AbortController().signal) =>
    health.wait({ signal, progress: () => undefined });

  it('is content with 200, and asks no further', async () => {
    const health = await check((_, response) => response.end());
    await expect(wait(health)).resolves.toMatch(/^http:\S+\/health answers 200, at try 1$/);
    expect(heard).toEqual(['GET /health']);
  });

  it('asks again until it gets one', async () => {
    const health = await check((_, response) => response.writeHead(heard.length < 3 ? 503 : 200).end());
    await expect(wait(health)).resolves.toMatch(/at try 3$/);
  });

  it.each([
    ['503', 503, {}],
    ['a redirect, wherever that leads', 302, { location: '/elsewhere' }],
  ])('gives up after its tries, with the last answer: %s', async (_, status, headers) => {
    const health = await check((_request, response) => response.writeHead(status, headers).end());
    const fault = {
      mayPass: false,
      message: expect.stringMatching(`in 3 tries, 0 s apart: status ${status}$`) as string,
    };
    await expect(wait(health)).rejects.toMatchObject(fault);
    expect(heard).toEqual(Array(3).fill('GET /health'));
  });

  it('says why there was no answer', async () => {
    const health = await check((request) => request.socket.destroy());
    await expect(wait(health)).rejects.toThrow(/3 tries, 0 s apart: (the connection was cut|other side closed)/);
    const { port } = server!.address() as AddressInfo;
    await once(server!.close(), 'close');
    server = undefined;
    const deploy = { ...base.ops.deploy, healthTries: 1 };
    const gone = base.with({ publicUrl: `http://127.0.0.1:${port}`, ops: { ...base.ops, environment: 'dev', deploy } });
    await expect(wait(new HealthCheck(gone))).rejects.toThrow(/the connection was refused/);
  });

  it('ends with the signal, between two tries as well', async () => {
    const stop = new AbortController();
    const health = await check(
      (_, response) => {
        response.writeHead(503).end();
        setTimeout(() => {
          stop.abort(new Error('SIGTERM'));
        }, 20);
      },
      2,
      3600,
    );
    await expect(wait(health, stop.signal)).rejects.toThrow();
    expect(heard).toHaveLength(1);
  });

  it.each([
    ['prod', 'http://api.example.fr', /must begin with https:\/\/ in prod/],
    ['preprod', 'http://api.example.fr', /must begin with https:\/\/ in preprod/],
    ['dev', undefined, /PUBLIC_URL is not set/],
  ] as const)('refuses an address that can’t be right: %s, %s', (environment, publicUrl, words) => {
    const config = base.with({ publicUrl, ops: { ...base.ops, environment } });
    expect(() => new HealthCheck(config).address()).toThrow(words);
  });

  it.each(['http://localhost:3000', 'https://api.dev.example.fr'])('takes %s in dev', (publicUrl) => {
    const config = base.with({ publicUrl, ops: { ...base.ops, environment: 'dev' } });
    expect(new HealthCheck(config).address().href).toBe(`${publicUrl}/health`);
  });
});
