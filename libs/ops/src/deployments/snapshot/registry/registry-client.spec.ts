import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenOnLoopback, stopServer } from '../../../../../../test/support/loopback-server';
import { opsConfig } from '../../../../../../test/support/ops-config';
import { DockerEngine } from '../../../docker/docker-engine';
import { digestOf } from '../spec-support/samples';
import { RegistryClient, type RepositoryView } from './registry-client';
import { RegistryTrust } from './registry-trust';

const BASIC = `Basic ${Buffer.from('rig:a:password').toString('base64')}`;

class ImpatientClient extends RegistryClient {
  protected override readonly limitMs = 200;
}

describe('A client of registries', () => {
  let server: Server;
  let host: string;
  let folder: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let asked: string[];

  beforeEach(async () => {
    asked = [];
    folder = await mkdtemp(join(tmpdir(), 'tiptop-logins-'));
    const listening = await listenOnLoopback((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      answer(request, response);
    });
    server = listening.server;
    host = new URL(listening.url).host;
  });
  afterEach(async () => {
    await stopServer(server);
    await rm(folder, { recursive: true });
  });

  function open(Client = RegistryClient, signal = new AbortController().signal): RepositoryView {
    const base = opsConfig({}).ops;
    const config = opsConfig({ deploy: { ...base.deploy, dockerConfig: folder } });
    return new Client(config, new RegistryTrust(new DockerEngine(config))).open(`${host}/team/backend`, signal);
  }
  async function logIn(config: unknown): Promise<void> {
    await writeFile(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  }
  const end = (response: ServerResponse, status: number, headers = {}, body = ''): void => {
    response.writeHead(status, headers).end(body);
  };

  it('asks for a digest as the engine does, without TLS on this machine', async () => {
    answer = ({ headers }, response) => {
      expect(headers.accept).toMatch(/docker.*manifest\.v2\+json.*oci\.image\.index/);
      end(response, 200, { 'docker-content-digest': digestOf('a') });
    };
    await expect(open().digestOf('v1')).resolves.toBe(digestOf('a'));
    expect(asked).toEqual(['HEAD /v2/team/backend/manifests/v1']);
  });

  it('knows of no tag that is not there, and believes no nonsense', async () => {
    answer = (_, response) => {
      end(response, 404);
    };
    await expect(open().digestOf('v1')).resolves.toBeUndefined();
    await expect(open().tags()).resolves.toEqual([]);
    answer = (_, response) => {
      end(response, 200, {}, '<html>');
    };
    await expect(open().digestOf('v1')).rejects.toThrow(/answers 200 with something that makes no sense/);
    await expect(open().tags()).rejects.toThrow(/answers 200 with something that makes no sense/);
  });

  it('lists tags page by page, and gives up on a list without end', async () => {
    answer = ({ url }, response) => {
      const last = new URL(url ?? '', 'http://x').searchParams.get('last');
      const next = last === null ? { link: `</v2/team/backend/tags/list?n=2&last=b>; rel="next"` } : {};
      end(response, 200, next, JSON.stringify({ tags: last === null ? ['a', 'b'] : ['c'] }));
    };
    await expect(open().tags()).resolves.toEqual(['a', 'b', 'c']);
    answer = (_, response) => {
      end(response, 200, { link: '</v2/elsewhere?last=x>; rel="next"' }, '{"tags": ["a"]}');
    };
    await expect(open().tags()).rejects.toThrow(/has more than 20 tags/);
    expect(asked.at(-1)).toBe('GET /v2/team/backend/tags/list?last=x');
    answer = (_, response) => {
      end(response, 200, {}, '{"tags": null}');
    };
    await expect(open().tags()).resolves.toEqual([]);
  });

  it.each([
    [202, 'removed'],
    [404, 'missing'],
    [405, 'unsupported'],
    [400, 'unsupported'],
  ])('takes %i after a removal for %s', async (status, outcome) => {
    answer = (_, response) => {
      end(response, status);
    };
    await expect(open().remove(digestOf('a'))).resolves.toBe(outcome);
    expect(asked).toEqual([`DELETE /v2/team/backend/manifests/${digestOf('a')}`]);
  });

  it.each([
    [500, true],
    [503, true],
    [429, true],
    [403, false],
    [302, false],
  ])('fails where it answers %i, which may pass: %s', async (status, mayPass) => {
    answer = (_, response) => {
      end(response, status, { location: 'http://127.0.0.1:1/' });
    };
    await expect(open().digestOf('v1')).rejects.toMatchObject({ name: 'RegistryFailure', mayPass });
    await expect(open().remove('v1')).rejects.toMatchObject({ name: 'RegistryFailure', mayPass });
  });

  it('fails where nobody answers, and where the answer takes too long', async () => {
    answer = () => undefined;
    await expect(open(ImpatientClient).tags()).rejects.toMatchObject({
      message: `The registry ${host} can’t be reached: no answer in 0.2 s`,
      mayPass: true,
    });
    const stop = new AbortController();
    const stopped = open(RegistryClient, stop.signal).tags();
    stop.abort(new Error('SIGTERM'));
    await expect(stopped).rejects.toThrow('SIGTERM');
    await stopServer(server);
    await expect(open().tags()).rejects.toMatchObject({
      message: `The registry ${host} can’t be reached: ECONNREFUSED`,
      mayPass: true,
    });
    ({ server } = await listenOnLoopback(() => undefined));
  });

  describe('that wants to know who asks', () => {
    const wantsBasic = ({ headers }: IncomingMessage, response: ServerResponse): void => {
      if (headers.authorization === BASIC) end(response, 200, {}, '{"tags": ["v1"]}');
      else end(response, 401, { 'www-authenticate': 'Basic realm="rig"' });
    };

    it.each(['HOST', 'https://HOST', 'http://HOST/v1/'])(
      'shows it the login of docker login, under %s',
      async (key) => {
        answer = wantsBasic;
        await logIn({ auths: { 'other.example': {}, [key.replace('HOST', host)]: { auth: BASIC.slice(6) } } });
        const view = open();
        await expect(view.tags()).resolves.toEqual(['v1']);
        await expect(view.tags()).resolves.toEqual(['v1']);
        // Once it is known what it wants to see, it is shown at once.
        expect(asked).toHaveLength(3);
      },
    );

    it.each([
      ['there is none', {}, /wants a login: there is none, see docker login/],
      ['it is for another', { auths: { 'other.example': { auth: BASIC.slice(6) } } }, /there is none/],
      [
        'a helper keeps it',
        { auths: { HOST: {} }, credsStore: 'desktop' },
        /kept by the credential helper desktop, which/,
      ],
      [
        'its own helper keeps it',
        { credHelpers: { HOST: 'ecr-login' } },
        /kept by the credential helper ecr-login, which/,
      ],
      ['it is a token', { auths: { HOST: { identitytoken: 'x' } } }, /has an identity token for it, and no password/],
      ['it is wrong', { auths: { HOST: { auth: 'cmlnOndyb25n' } } }, /does not let this login do that \(401\)/],
      [
        'the file is damaged',
        '{"auths": {"HOST": {"auth": "hunter2',
        /config\.json can’t be read: it is no JSON document$/,
      ],
    ])('says so where %s', async (_, config, message) => {
      answer = wantsBasic;
      await logIn(JSON.parse(JSON.stringify(config).replaceAll('HOST', host)) as unknown);
      const failure = (await open()
        .tags()
        .catch((error: unknown) => error)) as Error;
      expect(failure).toMatchObject({ name: 'RegistryFailure', mayPass: false });
      expect(failure.message).toMatch(message);
      expect(failure.message).not.toMatch(/hunter2|cmln/);
    });

    it('gets a token where it is told to, with the login', async () => {
      await logIn({ auths: { [host]: { auth: BASIC.slice(6) } } });
      answer = ({ url = '', headers }, response) => {
        if (url.startsWith('/token')) {
          expect(headers.authorization).toBe(BASIC);
          end(response, 200, {}, '{"token": "of-the-rig"}');
        } else if (headers.authorization === 'Bearer of-the-rig') end(response, 202);
        else {
          const scope = 'repository:team/backend:delete';
          end(response, 401, {
            'www-authenticate': `Bearer realm="http://${host}/token?a=b",service="the \\"registry\\"",scope="${scope}"`,
          });
        }
      };
      await expect(open().remove('v1')).resolves.toBe('removed');
      expect(asked[1]).toBe('GET /token?a=b&service=the+%22registry%22&scope=repository%3Ateam%2Fbackend%3Adelete');
    });

    it.each([
      ['http://images.example/token', /sends its logins to images\.example without TLS/, false],
      ['http://127.0.0.1:1/token', /sends its logins to 127\.0\.0\.1:1, which can’t be reached: ECONNREFUSED/, true],
      ['http://HOST/refuses', /gives no token \(403\)/, false],
      ['http://HOST/fails', /gives no token \(500\)/, true],
    ])('says so where the token of %s can’t be had', async (realm, message, mayPass) => {
      await logIn({ auths: { [host]: { auth: BASIC.slice(6) } } });
      answer = ({ url = '' }, response) => {
        if (url.startsWith('/refuses')) end(response, 403);
        else if (url.startsWith('/fails')) end(response, 500);
        else end(response, 401, { 'www-authenticate': `Bearer realm="${realm.replace('HOST', host)}"` });
      };
      const failure = (await open()
        .tags()
        .catch((error: unknown) => error)) as Error;
      expect(failure).toMatchObject({ name: 'RegistryFailure', mayPass });
      expect(failure.message).toMatch(message);
    });

    it.each([undefined, 'Negotiate', 'Bearer realm="nonsense"'])('says so where it wants %s', async (challenge) => {
      answer = (_, response) => {
        end(response, 401, challenge === undefined ? {} : { 'www-authenticate': challenge });
      };
      await expect(open().tags()).rejects.toThrow(/wants a login of a kind that is not known here/);
    });
  });
});
