import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DockerEngineRig } from './docker-engine';
import { type StandIn, STAND_INS } from './stand-in-images';

const run = promisify(execFile);
/** What `docker import` makes the Dockerfile's BASE_IMAGE of: Debian, Node.js, npm. */
export const BASE_TAG = 'tiptop-rig/node:24-bookworm-slim';
const CACHE = 'tiptop-rig-images-';
/** A cache that nobody has used for so long is in nobody's way any more. */
const KEPT_MS = 3 * 24 * 3600 * 1000;
const DEBOOTSTRAP_MS = 600_000;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

export interface RigImages {
  /** For `--build-arg BASE_IMAGE`. */
  base: string;
  postgres: string;
  nginx: string;
  frontend: string;
}

/**
 * Images of the names that docker-compose.yml knows, without a registry of the world: a Debian of debootstrap with this
 * project's Node.js, and what stands in for the images of PostgreSQL, nginx and the frontend. Made once on a machine, in
 * about two minutes, and loaded from a file under the system's temporary folder afterwards.
 */
export async function buildRigImages(engine: DockerEngineRig): Promise<RigImages> {
  const cache = await cacheFile();
  const isCached = await stat(cache).then(
    () => true,
    () => false,
  );
  if (isCached) await engine.docker('load', '--quiet', '--input', cache);
  else await make(engine, cache);
  const [postgres, nginx, frontend] = STAND_INS.map(({ tag }) => tag) as [string, string, string];
  return { base: BASE_TAG, postgres, nginx, frontend };
}

/** Named by what goes into it, so that a change of that is another file. Older ones nobody uses any more are removed. */
async function cacheFile(): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(__filename))
    .update(JSON.stringify(STAND_INS));
  hash.update(await readFile('node_modules/node/package.json')).update(await readFile('/etc/debian_version'));
  const name = `${CACHE}${hash.digest('hex').slice(0, 16)}.tar`;
  for (const other of await readdir(tmpdir())) {
    if (!other.startsWith(CACHE) || other === name) continue;
    const path = join(tmpdir(), other);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
  return join(tmpdir(), name);
}

async function make(engine: DockerEngineRig, cache: string): Promise<void> {
  const folder = await mkdtemp(join(engine.folder, 'base-'));
  try {
    const tarball = await debian(folder);
    await engine.docker('import', '--change', `ENV PATH=${SYSTEM_PATH}`, '--change', 'CMD ["node"]', tarball, BASE_TAG);
    await rm(tarball);
    for (const standIn of STAND_INS) await build(engine, folder, standIn);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  // Under another name until it is whole: a run beside this one would load half of it.
  const draft = `${cache}.${process.pid}.partial`;
  await engine.docker('save', '--output', draft, BASE_TAG, ...STAND_INS.map(({ tag }) => tag));
  await rename(draft, cache);
}

async function build(engine: DockerEngineRig, folder: string, { tag, dockerfile, files }: StandIn): Promise<void> {
  const context = await mkdtemp(join(folder, 'context-'));
  await writeFile(join(context, 'Dockerfile'), dockerfile(BASE_TAG));
  for (const [name, text] of Object.entries(files)) await writeFile(join(context, name), text, { mode: 0o755 });
  await engine.docker('build', '--quiet', '--network', 'host', '--tag', tag, context);
}

/** @returns a tarball of a Debian with Node.js and npm, and with the sources, registry and certificates of this machine */
async function debian(folder: string): Promise<string> {
  const sources = await sourcesOfThisMachine();
  const [first] = sources;
  if (first === undefined) throw new Error('This machine names no source of Debian packages');
  const root = join(folder, 'root');
  const options = {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
    timeout: DEBOOTSTRAP_MS,
    maxBuffer: 64 * 1024 * 1024,
  };
  const args = ['--variant=minbase', '--include=ca-certificates', first.suite, root, first.address];
  await run('debootstrap', args, options);
  const lines = sources.map(({ address, suite, components }) => `deb ${address} ${suite} ${components}\n`);
  await writeFile(join(root, 'etc/apt/sources.list'), lines.join(''));
  await rm(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  await rm(join(root, 'var/lib/apt/lists'), { recursive: true, force: true });
  await copyFile(CERTIFICATES, join(root, CERTIFICATES));
  await installNode(root);
  const tarball = join(folder, 'base.tar');
  await run(
    'tar',
    ['--numeric-owner', '--exclude=./dev/*', '--exclude=./proc/*', '-C', root, '-cf', tarball, '.'],
    options,
  );
  await rm(root, { recursive: true, force: true });
  return tarball;
}

interface Source {
  address: string;
  suite: string;
  components: string;
}

/** Debian's own of this machine's release, in apt's order. */
async function sourcesOfThisMachine(): Promise<Source[]> {
  const [, release = ''] = /^VERSION_CODENAME=(\w+)/m.exec(await readFile('/etc/os-release', 'utf8')) ?? [];
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Identifier: Packages']);
  const rows = stdout.split('\n').map((line) => line.split(' '));
  return rows.flatMap(([address = '', suite = '', components = '']) =>
    suite.split('-')[0] === release && address.includes('debian') ? [{ address, suite, components }] : [],
  );
}

/** As the image node:24-bookworm-slim has them: /usr/local/bin/node, and npm beside it. */
async function installNode(root: string): Promise<void> {
  const local = join(root, 'usr/local');
  await copyFile('node_modules/node/bin/node', join(local, 'bin/node'));
  await chmod(join(local, 'bin/node'), 0o755);
  await cp(await npmFolder(), join(local, 'lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
  await run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm')]);
  await mkdir(join(local, 'etc'), { recursive: true });
  const registry = (await run('npm', ['config', 'get', 'registry'])).stdout.trim();
  await writeFile(join(local, 'etc/npmrc'), `registry=${registry}\ncafile=${CERTIFICATES}\n`);
}

/** Of the npm that this machine has: `npm root` would tell of the Node.js that runs it. */
async function npmFolder(): Promise<string> {
  const { stdout } = await run('which', ['npm']);
  const program = await realpath(stdout.trim());
  const [, folder] = /^(.*\/npm)\/bin\/npm-cli\.js$/.exec(program) ?? [];
  if (folder === undefined) throw new Error(`${program} is no npm as Node.js brings it`);
  return folder;
}
