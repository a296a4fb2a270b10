import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FakeEngine } from '../../../../test/support/fake-engine';
import { legacyImage, type MadeImage, sha256, tarOf } from '../../../../test/support/image-archives';
import { opsConfig } from '../../../../test/support/ops-config';
import { DockerEngine } from './docker-engine';
import { ImagesSource } from './images-source';

const never = new AbortController().signal;
const BACKEND = legacyImage([randomBytes(400_000), randomBytes(100_000)]);
const FRONTEND = legacyImage([randomBytes(50_000)]);

describe('The images of a backup', () => {
  let fake: FakeEngine;
  let folder: string;
  /** What the engine has. */
  let images: Record<string, MadeImage>;
  /** How it sends an image. */
  let send: (tar: Buffer, response: ServerResponse) => unknown;
  const progress = jest.fn();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-images-'));
    images = { 'backend:prod': BACKEND, 'web/frontend:prod': FRONTEND };
    send = (tar, response) => response.end(tar);
    progress.mockClear();
    fake = await FakeEngine.start();
    fake.answer = (request, response) => void answer(decodeURIComponent(request.url ?? ''), response);
  });
  afterEach(async () => {
    await fake.stop();
    await rm(folder, { recursive: true });
  });

  async function answer(url: string, response: ServerResponse): Promise<void> {
    const [, reference = '', call] = /^\/v1\.41\/images\/(.*)\/(json|get)$/.exec(url) ?? [];
    const image = images[reference] ?? Object.values(images).find(({ id }) => id === reference);
    if (!image) {
      response.writeHead(404).end(`{"message":"No such image: ${reference}"}`);
    } else if (call === 'json') {
      response.end(JSON.stringify({ Id: image.id, RepoDigests: [`${reference}@sha256:1`], Size: 500_000 }));
    } else {
      send(await tarOf(image.members), response);
    }
  }

  function source(references = ['backend:prod', 'web/frontend:prod'], stallSeconds = 10): ImagesSource {
    const config = opsConfig({ dockerHost: fake.host, images: references, stallSeconds, stepSeconds: 20 });
    return new ImagesSource(config, new DockerEngine(config));
  }

  const produce = (of = source(), signal = never) => of.produce({ id: 'daily-x', folder, signal, progress });

  it('are saved by their ids, compressed, and told of', async () => {
    const product = await produce();
    expect(product).toMatchObject({
      warnings: [],
      tools: { docker: '20.10.24' },
      images: [
        {
          reference: 'backend:prod',
          id: BACKEND.id,
          digests: ['backend:prod@sha256:1'],
          archive: 'images/backend_prod.tar.gz',
        },
        { reference: 'web/frontend:prod', id: FRONTEND.id, archive: 'images/web_frontend_prod.tar.gz' },
      ],
    });
    expect(product.detail).toMatch(/^backend:prod, web\/frontend:prod: 3 layers, \d+\.\d kB compressed, read back/);
    expect(product.artifacts.map(({ path }) => path)).toEqual(product.images!.map(({ archive }) => archive));
    for (const [n, { path, bytes, sha256: hash }] of product.artifacts.entries()) {
      const file = await readFile(join(folder, path));
      expect({ bytes: file.length, hash: sha256(file) }).toEqual({ bytes, hash });
      expect(gunzipSync(file).equals(await tarOf([BACKEND, FRONTEND][n]!.members))).toBe(true);
      expect((await stat(join(folder, path))).mode & 0o777).toBe(0o600);
    }
    const id = (image: MadeImage) => `GET /v1.41/images/${encodeURIComponent(image.id)}/get`;
    expect(fake.asked.filter((call) => call.endsWith('/get'))).toEqual([id(BACKEND), id(FRONTEND)]);
    expect(progress).toHaveBeenCalledWith('Saving the image backend:prod', expect.any(Number), 500_000);
  });

  it('are saved once where one has two names', async () => {
    images['backend:1.2'] = BACKEND;
    const product = await produce(source(['backend:prod', 'web/frontend:prod', 'backend:1.2', 'backend:prod']));
    expect(product.artifacts).toHaveLength(2);
    expect(product.images!.map(({ reference, archive }) => [reference, archive])).toEqual([
      ['backend:prod', 'images/backend_prod.tar.gz'],
      ['web/frontend:prod', 'images/web_frontend_prod.tar.gz'],
      ['backend:1.2', 'images/backend_prod.tar.gz'],
    ]);
  });

  it('are each named where they are missing, before any is saved', async () => {
    await expect(produce(source(['nothing:1', 'backend:prod', 'nothing:2']))).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: `The engine at ${fake.socket} has no image nothing:1, none nothing:2`,
    });
    expect(fake.asked.filter((call) => call.endsWith('/get'))).toEqual([]);
  });

  it('are not those of a new tag that comes in between, and may be tried again once the old one is gone', async () => {
    const retagged = produce(source(['backend:prod']));
    const asked = fake.answer;
    fake.answer = (request, response) => {
      if (request.url?.endsWith('/get')) images = { 'backend:prod': FRONTEND };
      asked(request, response);
    };
    await expect(retagged).rejects.toMatchObject({
      mayPass: true,
      message: `The image backend:prod could not be saved: The engine at ${fake.socket} answered 404: No such image: ${BACKEND.id}`,
    });
    await expect(produce(source(['backend:prod']))).resolves.toMatchObject({ images: [{ id: FRONTEND.id }] });
  });

  it.each<[string, (tar: Buffer, response: ServerResponse) => unknown, RegExp]>([
    ['an answer cut off', cut, /broke the connection off in the middle/],
    ['an answer that ends early, as if whole', (tar, response) => response.end(tar.subarray(0, 200_000)), /Unexpected/],
    ['an answer that ends between two members', (tar, response) => response.end(firstMember(tar)), /no manifest.json/],
    ['an empty answer', (_tar, response) => response.end(), /no manifest.json/],
    [
      'an error after the bytes, with a good end',
      (tar, response) => {
        response.write(tar.subarray(0, 200_192));
        response.end('{"errorDetail":{"message":"open /var/lib/docker: no such file"},"error":"open"}\r\n');
      },
      /archive of the image backend:prod is no good: the engine broke it off: open \/var\/lib\/docker: no such file/,
    ],
    [
      'an error with its own status',
      (_tar, response) => response.writeHead(500).end('{"message":"x"}'),
      /answered 500: x/,
    ],
    ['a byte changed', (tar, response) => response.end(changed(tar)), /was changed/],
    [
      'silence',
      (tar, response) => response.write(tar.subarray(0, 5)),
      /backend:prod could not be saved: .* silent for 0.3 s/,
    ],
  ])('are no good after %s', async (what, sendIt, why) => {
    send = sendIt;
    // Only silence is to be taken for a stall: a busy machine is silent for a while as well.
    const stallSeconds = what === 'silence' ? 0.3 : 10;
    await expect(produce(source(undefined, stallSeconds))).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: true,
      message: expect.stringMatching(why) as string,
    });
    // And the next attempt finds no trace of it.
    send = (tar, response) => response.end(tar);
    await writeFile(join(folder, 'images/left-over'), 'x');
    await expect(produce()).resolves.toMatchObject({ warnings: [] });
    expect((await readdir(join(folder, 'images'))).sort()).toEqual(['backend_prod.tar.gz', 'web_frontend_prod.tar.gz']);
  });

  it('are no good where their file can’t be written', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'no folder');
    await expect(produce()).rejects.toMatchObject({
      name: 'StepFailure',
      message: expect.stringContaining(folder) as string,
    });
  });

  it('end with the run', async () => {
    const run = new AbortController();
    send = (tar, response) => {
      response.write(tar.subarray(0, 1000));
      run.abort(new Error('the run ends'));
    };
    await expect(produce(source(), run.signal)).rejects.toThrow('the run ends');
  });

  it('are estimated by what their layers take, each once', async () => {
    images['backend:1.2'] = BACKEND;
    await expect(source(['backend:prod', 'web/frontend:prod', 'backend:1.2']).estimate(never)).resolves.toBe(1_000_000);
    await expect(source(['nothing']).estimate(never)).resolves.toBeUndefined();
  });

  it('are switched off by leaving either setting out', () => {
    const disabled = (ops: Parameters<typeof opsConfig>[0]) => {
      const config = opsConfig(ops);
      return new ImagesSource(config, new DockerEngine(config)).disabled;
    };
    expect(disabled({ images: ['x'] })).toBe('DOCKER_HOST is not set');
    expect(disabled({ dockerHost: fake.host })).toBe('BACKUP_IMAGES is empty');
    expect(source().disabled).toBeUndefined();
  });
});

function cut(tar: Buffer, response: ServerResponse): void {
  response.write(tar.subarray(0, 200_000));
  setTimeout(() => response.destroy(), 30);
}

/** As far as its configuration goes, which comes first. */
function firstMember(tar: Buffer): Buffer {
  return tar.subarray(0, 1024);
}

function changed(tar: Buffer): Buffer {
  const copy = Buffer.from(tar);
  copy[150_000]! ^= 1;
  return copy;
}
