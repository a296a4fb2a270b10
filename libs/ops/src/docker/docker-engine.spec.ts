import { getEventListeners } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { FakeEngine } from '../../../../test/support/fake-engine';
import { listenOnLoopback, stopServer } from '../../../../test/support/loopback-server';
import { opsConfig } from '../../../../test/support/ops-config';
import { asJson, DockerEngine } from './docker-engine';

const ID = `sha256:${'ab'.repeat(32)}`;
const IMAGE = { Id: ID, RepoDigests: ['backend@sha256:1'], Size: 5 };

describe('The client of a container engine', () => {
  let fake: FakeEngine;
  const never = new AbortController().signal;

  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(async () => {
    await fake.stop();
  });

  function client(limits: { stepSeconds?: number; stallSeconds?: number; dockerHost?: string } = {}): DockerEngine {
    return new DockerEngine(opsConfig({ dockerHost: fake.host, stepSeconds: 20, stallSeconds: 10, ...limits }));
  }

  const save = (engine: DockerEngine, signal = never) => engine.saveImage('x', signal, (tar) => buffer(tar));

  describe('speaks the newest version that both know', () => {
    it.each([
      ['1.12', '1.41', '1.41'],
      ['1.24', '1.99', '1.51'],
      ['1.44', '1.51', '1.51'],
      [undefined, '1.24', '1.24'],
    ])('from %s to %s: %s', async (MinAPIVersion, ApiVersion, expected) => {
      fake.version = { Version: '1', ApiVersion, MinAPIVersion };
      fake.answer = (_request, response) => response.end(JSON.stringify(IMAGE));
      await client().image('a', never);
      expect(fake.asked).toEqual([`GET /v${expected}/images/a/json`]);
    });

    it.each([
      ['1.52', '1.60'],
      ['1.12', '1.23'],
      ['1.9', '1.10'],
    ])('and says so where there is none, from %s to %s', async (MinAPIVersion, ApiVersion) => {
      fake.version = { Version: '1', ApiVersion, MinAPIVersion };
      await expect(client().version(never)).rejects.toMatchObject({
        fault: 'refused',
        mayPass: false,
        message: expect.stringContaining(`${MinAPIVersion} to ${ApiVersion}`) as string,
      });
    });
  });

  it('tells what an image is, whatever its name', async () => {
    fake.answer = (_request, response) => response.end(JSON.stringify(IMAGE));
    const image = await client().image('ghcr.io:5000/a b/c?d#e@sha256:12', never);
    expect(image).toEqual({ id: ID, digests: ['backend@sha256:1'], bytes: 5 });
    expect(fake.asked).toEqual(['GET /v1.41/images/ghcr.io%3A5000/a%20b/c%3Fd%23e%40sha256%3A12/json']);
  });

  it.each([
    [404, '{"message":"No such image: x"}', 'missing', false],
    [400, '{"message":"bad\\n  parameter"}', 'refused', false],
    [500, '{"message":"no space"}', 'fault', true],
    [502, '<html>Bad gateway</html>', 'fault', true],
    [500, 'null', 'fault', true],
  ])('names the reason of an answer of %s: %s', async (status, text, fault, mayPass) => {
    fake.answer = (_request, response) => response.writeHead(status).end(text);
    const reason = /:"(.*)"/.exec(text)?.[1]?.replace('\\n  ', ' ') ?? text;
    for (const question of [client().image('x', never), save(client())]) {
      await expect(question).rejects.toMatchObject({
        fault,
        mayPass,
        message: `The engine at ${fake.socket} answered ${status}: ${reason}`,
      });
    }
  });

  it.each([
    '{"Id":"latest","RepoDigests":[],"Size":1}',
    `{"Id":"${ID}","RepoDigests":[7],"Size":1}`,
    `{"Id":"${ID}"}`,
    'null',
    '[]',
    '{"Id":',
  ])('does not take %s for an image', async (text) => {
    fake.answer = (_request, response) => response.end(text);
    await expect(client().image('x', never)).rejects.toMatchObject({ fault: 'fault', mayPass: true });
  });

  it('does not take in an answer without an end', async () => {
    fake.answer = (_request, response) => {
      Readable.from(endless()).pipe(response);
    };
    await expect(client().image('x', never)).rejects.toThrow(/larger than/);
  });

  it('takes an image that was never pushed', async () => {
    fake.answer = (_request, response) => response.end(JSON.stringify({ Id: ID, RepoDigests: null, Size: 5 }));
    await expect(client().image('x', never)).resolves.toEqual({ id: ID, digests: [], bytes: 5 });
  });

  it('sends what it is given, and passes on why that could not be read', async () => {
    fake.answer = (request, response) => {
      void buffer(request).then((body) => response.end(JSON.stringify({ got: body.toString() })));
    };
    const load = (body: string | Readable) =>
      client().call({ method: 'POST', path: '/images/load', body }, never, asJson);
    await expect(load('as text')).resolves.toEqual({ got: 'as text' });
    await expect(load(Readable.from(['in ', 'pieces']))).resolves.toEqual({ got: 'in pieces' });
    const broken = new Readable({
      read() {
        this.destroy(new Error('the file is gone'));
      },
    });
    await expect(load(broken)).rejects.toThrow('the file is gone');
    fake.answer = (request) => request.socket.destroy();
    await expect(load(Readable.from(endless()))).rejects.toMatchObject({ fault: 'broken-off' });
  });

  it('says where nobody answers', async () => {
    const { server, url } = await listenOnLoopback(() => undefined);
    await stopServer(server);
    const closed = client({ dockerHost: url.replace('http', 'tcp') });
    await expect(closed.version(never)).rejects.toMatchObject({ fault: 'unreachable', mayPass: true });
    const nowhere = client({ dockerHost: `${fake.host}.not` });
    await expect(nowhere.version(never)).rejects.toMatchObject({
      fault: 'unreachable',
      message: `The engine at ${fake.socket}.not can't be reached (ENOENT): is it running?`,
    });
    const unset = new DockerEngine(opsConfig({ dockerHost: undefined }));
    await expect(unset.version(never)).rejects.toMatchObject({ fault: 'refused', message: /DOCKER_HOST is not set/ });
  });

  it('speaks by TCP as well, and keeps a password in the address to itself', async () => {
    const { server, url } = await listenOnLoopback((_request, response) => {
      response.end('{"Version":"27","ApiVersion":"1.47"}');
    });
    const engine = client({ dockerHost: url.replace('http://', 'tcp://me:secret@') });
    await expect(engine.version(never)).resolves.toEqual({ engine: '27', api: '1.47' });
    expect(engine.place).toBe(url.replace('http://', ''));
    await stopServer(server);
  });

  describe('does not take a part for the whole', () => {
    it.each(['with', 'without'])('of an answer that is cut off, %s a length', async (length) => {
      fake.answer = (_request, response) => {
        response.writeHead(200, length === 'with' ? { 'content-length': 100_000 } : {});
        response.write(Buffer.alloc(5000));
        setTimeout(() => response.destroy(), 50);
      };
      await expect(save(client())).rejects.toMatchObject({ fault: 'broken-off', mayPass: true });
    });

    it('of one that is cut off before it begins', async () => {
      fake.answer = (request) => request.socket.destroy();
      await expect(save(client())).rejects.toMatchObject({ fault: 'broken-off', mayPass: true });
    });

    it('of one that is silent from the first byte on, or from a later one', async () => {
      const engine = client({ stallSeconds: 0.2 });
      fake.answer = () => undefined;
      await expect(save(engine)).rejects.toMatchObject({ fault: 'silent', message: /silent for 0.2 s/, mayPass: true });
      fake.answer = (_request, response) => response.write('begun');
      await expect(save(engine)).rejects.toMatchObject({ fault: 'silent' });
    });

    it('of one that goes on and on', async () => {
      fake.answer = (_request, response) => {
        Readable.from(endless(20)).pipe(response);
      };
      const engine = client({ stepSeconds: 0.5, stallSeconds: 0.3 });
      await expect(save(engine)).rejects.toMatchObject({ fault: 'too-long', message: /longer than 0.5 s/ });
    });
  });

  it('is not silent as long as bytes come', async () => {
    fake.answer = (_request, response) => {
      Readable.from(endless(50, 20)).pipe(response);
    };
    await expect(save(client({ stallSeconds: 0.5 }))).resolves.toHaveLength(20_000);
  });

  it('ends a call whose run ends, and asks nothing after that', async () => {
    const run = new AbortController();
    fake.answer = (_request, response) => {
      response.write('begun');
      run.abort();
    };
    await expect(save(client(), run.signal)).rejects.toMatchObject({ fault: 'aborted', mayPass: false });
    await expect(save(client(), run.signal)).rejects.toMatchObject({ fault: 'aborted' });
    expect(fake.asked).toHaveLength(1);
  });

  it('tells why it ended a call, whatever its user makes of that', async () => {
    fake.answer = (_request, response) => response.write('begun');
    const used = client({ stallSeconds: 0.2 }).saveImage('x', never, (_tar, stop) => {
      return new Promise((_resolve, reject) => {
        stop.addEventListener('abort', () => {
          reject(new Error('I was told to stop'));
        });
      });
    });
    await expect(used).rejects.toMatchObject({ fault: 'silent' });
  });

  it('asks on a new connection each time, for the engine may be another one by now', async () => {
    fake.answer = (_request, response) => response.end(JSON.stringify(IMAGE));
    const engine = client();
    for (const name of ['a', 'b']) await engine.image(name, never);
    // The version is asked for as well.
    expect(fake.connections).toBe(4);
  });

  it('leaves what its user throws as it is, and nothing behind', async () => {
    const run = new AbortController();
    const fault = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    let closed = false;
    fake.answer = (_request, response) => {
      response.on('close', () => (closed = true));
      Readable.from(endless()).pipe(response);
    };
    const used = client().saveImage('x', run.signal, () => Promise.reject(fault));
    await expect(used).rejects.toBe(fault);
    expect(getEventListeners(run.signal, 'abort')).toEqual([]);
    await sleep(100);
    expect(closed).toBe(true);
  });
});

async function* endless(pauseMs = 0, times = Infinity): AsyncGenerator<Buffer> {
  for (let n = 0; n < times; n++) {
    if (pauseMs > 0) await sleep(pauseMs);
    yield Buffer.alloc(pauseMs > 0 ? 1000 : 100_000);
  }
}
