import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { providerFetch, type ProviderFetchOptions } from './provider-fetch';
import { OAuthUnavailable } from './social.errors';

describe('providerFetch', () => {
  let server: Server;
  let url: string;
  let answer: RequestListener;

  beforeAll(async () => {
    server = createServer((request, response) => {
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  const ask = (options: Partial<ProviderFetchOptions> = {}, init?: RequestInit) =>
    providerFetch({ timeoutMs: 150, ...options })(url, init);
  const always =
    (status: number, body = '{}'): RequestListener =>
    (_, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end(body);
    };

  it.each([200, 400, 401, 404])('hands on an answer of %i with its body', async (status) => {
    answer = always(status, '{"a":1}');
    const response = await ask();
    expect([response.status, await response.json()]).toEqual([status, { a: 1 }]);
  });

  it.each([429, 500, 502, 503])('takes %i for the provider’s fault', async (status) => {
    answer = always(status);
    await expect(ask()).rejects.toThrow(OAuthUnavailable);
  });

  it('follows no redirect', async () => {
    answer = always(302);
    expect((await ask()).status).toBe(302);
  });

  it('takes what is always there for the provider’s fault where it is not, unless something is sent', async () => {
    answer = always(404);
    await expect(ask({ expectDocuments: true })).rejects.toThrow(OAuthUnavailable);
    expect((await ask({ expectDocuments: true }, { method: 'POST', body: 'x' })).status).toBe(404);
  });

  it.each<[string, RequestListener]>([
    ['does not answer', () => undefined],
    [
      'stops in the middle of its answer',
      (_, response) => {
        response.writeHead(200).write('{');
      },
    ],
    [
      'breaks off',
      (_, response) => {
        response.destroy();
      },
    ],
    [
      'does not stop answering',
      (_, response) => {
        const more = (): void => {
          if (!response.destroyed) response.write('x'.repeat(65_536), more);
        };
        more();
      },
    ],
  ])('gives a provider up that %s', async (_, behave) => {
    answer = behave;
    await expect(ask()).rejects.toThrow(OAuthUnavailable);
  });

  it('says so of an answer that is too long, before its time is over', async () => {
    answer = always(200, 'x'.repeat(300_000));
    const error = await ask({ timeoutMs: 10_000 }).catch((thrown: unknown) => thrown);
    expect((error as OAuthUnavailable).cause).toMatchObject({ message: expect.stringMatching(/no end/) as string });
  });
});
