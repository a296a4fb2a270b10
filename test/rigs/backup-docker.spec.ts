import { execFileSync } from 'node:child_process';
import { createReadStream, globSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpsConfig } from '@tiptop/platform';
import type { SourceProduct } from '../../libs/ops/src/backups/backup-source';
import { DockerEngine } from '../../libs/ops/src/docker/docker-engine';
import { ImagesSource } from '../../libs/ops/src/docker/images-source';
import { sha256 } from '../support/image-archives';
import { opsConfig } from '../support/ops-config';
import { DockerEngineRig } from './support/docker-engine';
import { SmallDisk } from './support/small-disk';

const MB = 1_000_000;
const BACKEND = 'backend:prod-latest';
const FRONTEND = 'frontend:prod-latest';
const never = new AbortController().signal;

describe('The images of a real container engine', () => {
  let rig: DockerEngineRig;
  let folder: string;
  let backendId: string;
  let frontendId: string;

  beforeAll(async () => {
    rig = await DockerEngineRig.start();
    backendId = await rig.build(BACKEND, [3 * MB, 60 * MB, 5000]);
    frontendId = await rig.import(FRONTEND, 4 * MB);
  }, 120_000);
  afterAll(async () => {
    await rig.stop();
  }, 60_000);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-images-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function engine(ops: Partial<OpsConfig> = {}): DockerEngine {
    return new DockerEngine(opsConfig({ dockerHost: rig.host, stepSeconds: 120, stallSeconds: 30, ...ops }));
  }

  /** @param inTheMiddle what happens once the first bytes have come */
  async function save(
    options: { images?: string[]; to?: string; stallSeconds?: number; inTheMiddle?: () => Promise<unknown> } = {},
  ): Promise<SourceProduct> {
    const { images = [BACKEND, FRONTEND], to = folder, stallSeconds = 30, inTheMiddle } = options;
    const config = opsConfig({ dockerHost: rig.host, images, stepSeconds: 120, stallSeconds });
    let happening: Promise<unknown> | undefined;
    const progress = (_text: string, done = 0): void => {
      if (done > 0) happening ??= inTheMiddle?.();
    };
    const source = new ImagesSource(config, new DockerEngine(config));
    try {
      return await source.produce({ id: 'daily-x', folder: to, signal: never, progress });
    } finally {
      await happening;
    }
  }

  it('are saved, and opened elsewhere by nothing but stock programs', async () => {
    const product = await save();
    expect(product.warnings).toEqual([]);
    expect(product.images).toEqual([
      { reference: BACKEND, id: backendId, digests: [], archive: 'images/backend_prod-latest.tar.gz' },
      { reference: FRONTEND, id: frontendId, digests: [], archive: 'images/frontend_prod-latest.tar.gz' },
    ]);
    expect(product.tools!.docker).toMatch(/^\d+\.\d+/);
    const other = await DockerEngineRig.start();
    try {
      for (const { path, bytes, sha256: hash } of product.artifacts) {
        const file = join(folder, path);
        expect((await readFile(file)).length).toBe(bytes);
        expect(execFileSync('sha256sum', [file]).toString().split(' ')[0]).toBe(hash);
        execFileSync('gzip', ['--test', file]);
        expect(execFileSync('tar', ['-tzf', file]).toString()).toContain('manifest.json');
        await other.docker('load', '--input', file);
      }
      for (const id of [backendId, frontendId]) await expect(other.imageId(id)).resolves.toBe(id);
    } finally {
      await other.stop();
    }
  }, 180_000);

  it('come out of two runs alike, and go in by the client as well', async () => {
    const { artifacts } = await save({ images: [FRONTEND] });
    const again = await save({ images: [FRONTEND] });
    expect(again.artifacts).toEqual(artifacts);
    await rig.docker('tag', FRONTEND, 'frontend:kept');
    await rig.docker('rmi', '--force', frontendId);
    await expect(engine().image(FRONTEND, never)).rejects.toMatchObject({ fault: 'missing' });
    const body = createReadStream(join(folder, artifacts[0]!.path));
    await engine().call({ method: 'POST', path: '/images/load', body }, never, async (answer) => {
      for await (const chunk of answer) expect(chunk).toBeDefined();
    });
    const tag = `/images/${frontendId}/tag?repo=frontend&tag=prod-latest`;
    await engine().call({ method: 'POST', path: tag }, never, () => Promise.resolve());
    await expect(rig.imageId(FRONTEND)).resolves.toBe(frontendId);
  }, 120_000);

  it('are estimated', async () => {
    const config = opsConfig({ dockerHost: rig.host, images: [BACKEND, FRONTEND] });
    const bytes = await new ImagesSource(config, new DockerEngine(config)).estimate(never);
    expect(bytes).toBe(67 * MB + 5000);
  });

  it('are named where they are missing', async () => {
    expect(await failureOf(save({ images: [BACKEND, 'backend:prod-lastest'] }))).toMatchObject({
      message: `The engine at ${rig.folder}/docker.sock has no image backend:prod-lastest`,
      mayPass: false,
    });
    expect(await readdir(join(folder, 'images'))).toEqual([]);
  });

  it('are those that they were in the beginning, where their name is given to another in the middle', async () => {
    await rig.docker('tag', backendId, 'backend:old');
    const product = await save({ inTheMiddle: () => rig.docker('tag', FRONTEND, BACKEND) });
    await expect(rig.imageId(BACKEND)).resolves.toBe(frontendId);
    await rig.docker('tag', 'backend:old', BACKEND);
    expect(product.images!.map(({ id }) => id)).toEqual([backendId, frontendId]);
  }, 60_000);

  it('fail where the engine is killed in the middle, and are saved once it is back', async () => {
    expect(await failureOf(save({ inTheMiddle: () => rig.crash() }))).toMatchObject({
      name: 'StepFailure',
      mayPass: true,
      message: expect.stringMatching(/backend:prod-latest could not be saved: .* broke the connection off/) as string,
    });
    expect(await failureOf(save())).toMatchObject({
      mayPass: true,
      message: expect.stringMatching(/docker\.sock can't be reached \(ECONNREFUSED\): is it running\?/) as string,
    });
    await rig.restart();
    await expect(save()).resolves.toMatchObject({ warnings: [] });
  }, 120_000);

  it('fail where the engine is not there', async () => {
    await rig.halt();
    expect(await failureOf(save())).toMatchObject({
      mayPass: true,
      message: expect.stringMatching(/ENOENT/) as string,
    });
    await rig.restart();
  }, 120_000);

  it('fail where the engine stands still', async () => {
    const frozen = save({
      stallSeconds: 1,
      inTheMiddle: () => {
        rig.freeze();
        return Promise.resolve();
      },
    });
    expect(await failureOf(frozen)).toMatchObject({
      mayPass: true,
      message: expect.stringMatching(/silent for 1 s/) as string,
    });
    rig.thaw();
    await expect(save({ images: [FRONTEND] })).resolves.toMatchObject({ warnings: [] });
  }, 60_000);

  it('fail where the engine leaves a layer out, and ends as if it had not', async () => {
    const inTheMiddle = async (): Promise<void> => {
      const layers = globSync(join(rig.dataRoot, 'tmp/docker-export-*/*/layer.tar'));
      for (const layer of layers) await rm(layer);
      expect(layers.length).toBeGreaterThan(1);
    };
    expect(await failureOf(save({ inTheMiddle }))).toMatchObject({
      mayPass: true,
      message: expect.stringMatching(
        /archive of the image backend:prod-latest is no good: its layer .* is missing/,
      ) as string,
    });
  }, 60_000);

  it('fail where the disk of the backup is full', async () => {
    const disk = new SmallDisk();
    try {
      expect(await failureOf(save({ to: disk.folder }))).toMatchObject({
        name: 'StepFailure',
        message: 'The archive of the image backend:prod-latest can’t be written: the disk of the backup is full',
      });
    } finally {
      disk.remove();
    }
  }, 60_000);

  it('are not given to a user who may not use the engine', async () => {
    process.seteuid!(65534);
    try {
      await expect(engine().version(never)).rejects.toMatchObject({
        fault: 'refused',
        mayPass: false,
        message: `The engine at ${rig.folder}/docker.sock may not be used by this user`,
      });
    } finally {
      process.seteuid!(0);
    }
  });

  it('go through in little memory', async () => {
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    const { artifacts } = await save({ images: [BACKEND] }).finally(() => {
      clearInterval(watch);
    });
    expect(artifacts[0]!.bytes).toBeGreaterThan(60 * MB);
    expect(sha256(await readFile(join(folder, artifacts[0]!.path)))).toBe(artifacts[0]!.sha256);
    expect(most - before).toBeLessThan(60 * MB);
  }, 60_000);
});

/** @returns nothing where it did not fail */
async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
}
