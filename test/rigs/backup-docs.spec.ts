import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgres } from '@tiptop/platform';
import { Client } from 'pg';
import { json, Tiptop } from '../cli/tiptop';
import { plantJenkinsHome } from '../support/jenkins-home';
import { DockerEngineRig } from './support/docker-engine';

const run = promisify(execFile);
const PAGE = 'docs/restore-from-archive.md';
const IMAGE = 'the-tip-top:prod';
const TICKETS = 3000;

/**
 * What a test has to do in another way: it installs nothing, and finds out instead whether the packages are ones that give
 * the programs; and its database server has no account "postgres" of the system.
 */
const PRELUDE = `
apt-get() {
  [ "$1" = install ] || return 0
  shift
  for package in "$@"; do
    case "$package" in --*) ;; *) apt-cache show "$package" > /dev/null || return 1; echo "needs $package" ;; esac
  done
}
runuser() { [ "$1 $2 $3" = '--user postgres --' ] || return 1; shift 3; "$@"; }
`;

describe('The page that leads from an archive to running data', () => {
  let folder: string;
  let tiptop: Tiptop;
  let engine: DockerEngineRig;
  let server: EmbeddedPostgres;
  let blocks: string[];
  let archive: string;
  let imageId: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-docs-'));
    blocks = [...(await readFile(PAGE, 'utf8')).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
    engine = await DockerEngineRig.start();
    imageId = await engine.build(IMAGE, [200_000]);
    tiptop = await Tiptop.build();
    archive = await makeArchive();
    // It is the other machine from here on: nothing of the first one is at hand but the archive and a key.
    await engine.docker('image', 'rm', IMAGE);
    server = await EmbeddedPostgres.start({ dataDir: join(folder, 'server'), database: 'postgres' });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await engine.stop();
    await tiptop.remove();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  async function makeArchive(): Promise<string> {
    const deployment = join(folder, 'deployment');
    const jenkins = join(folder, 'jenkins');
    await mkdir(join(deployment, 'scripts'), { recursive: true });
    await mkdir(jenkins);
    await writeFile(join(deployment, '.env.production'), 'DECK_SECRET=of the rig\n', { mode: 0o600 });
    await writeFile(join(deployment, 'scripts', 'deploy.sh'), '#!/bin/sh\n', { mode: 0o755 });
    await plantJenkinsHome(jenkins);
    await tiptop.runApart(['contests', 'create', '--slug', 'rig', '--tickets', String(TICKETS)]);
    const env = {
      DOCKER_HOST: engine.host,
      BACKUP_IMAGES: IMAGE,
      BACKUP_CONFIG_PATHS: deployment,
      JENKINS_HOME: jenkins,
    };
    const made = await tiptop.runApart(['backup', 'run', '--json'], { env });
    const { status, id, steps } = json(made) as { status: string; id: string; steps: object[] };
    if (status !== 'succeeded') throw new Error(JSON.stringify(steps));
    return tiptop.path(`data/backups/manual/${id}.tar.age`);
  }

  /** The page's own lines, with the values at its top replaced. */
  async function follow(some: readonly string[]): Promise<string> {
    const { hostname, port, username, password } = new URL(server.url);
    const values: Record<string, string> = {
      ARCHIVE: archive,
      KEY: tiptop.path('data/backup-keys/backup-2.key'),
      WORK: join(folder, 'work'),
      ROOT: join(folder, 'root'),
      'export PGHOST': hostname,
    };
    let script = some.join('\n');
    for (const [name, value] of Object.entries(values)) {
      const line = new RegExp(`^${name}=.*$`, 'm');
      if (!line.test(script)) throw new Error(`${PAGE} does not set ${name} at its top`);
      script = script.replace(line, `${name}=${value}`);
    }
    const env = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: folder,
      LC_ALL: 'C.UTF-8',
      DOCKER_HOST: engine.host,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
    };
    const { stdout } = await run('bash', ['-c', PRELUDE + script], { cwd: folder, env });
    return stdout;
  }

  async function query<T>(sql: string): Promise<T[]> {
    const url = new URL(server.url);
    url.pathname = '/tiptop';
    const client = new Client({ connectionString: url.href });
    await client.connect();
    try {
      return (await client.query<T & object>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  it('does so, its commands run as they stand', async () => {
    expect(blocks.length).toBeGreaterThanOrEqual(9);
    await mkdir(join(folder, 'root'));
    const said = await follow(blocks);
    expect(said).toMatch(/needs age\nneeds postgresql-15\nneeds docker\.io\n/);
    expect(said).toMatch(/"manifestSha256": "[0-9a-f]{64}"/);
    expect(said).toContain(`unclaimed |  ${TICKETS}`);
    expect(await query('SELECT count(*)::int AS n FROM tickets')).toEqual([{ n: TICKETS }]);
    expect(await query('SELECT slug FROM contests')).toEqual([{ slug: 'rig' }]);
    expect(await engine.imageId(IMAGE)).toBe(imageId);
    const root = join(folder, 'root');
    const restored = join(root, folder, 'deployment');
    expect(await readFile(join(restored, '.env.production'), 'utf8')).toBe('DECK_SECRET=of the rig\n');
    expect(await readdir(join(restored, 'scripts'))).toEqual(['deploy.sh']);
    const jenkins = await readdir(join(root, 'var/lib/jenkins'));
    expect(jenkins).toEqual(
      expect.arrayContaining(['credentials.xml', 'plugins.txt', 'secrets', 'jobs', 'config.xml']),
    );
    expect(await readdir(join(root, 'var/lib/jenkins/secrets'))).toContain('master.key');
    expect(await readdir(folder)).not.toContain('work');
  });

  it('stops where a table has not the rows that it had', async () => {
    const whole = blocks.findIndex((text) => text.includes('differences.txt'));
    const spoilt = blocks.map((text) => text.replace('DATABASE=tiptop', 'DATABASE=spoilt'));
    // A row goes after the restore, before the count.
    spoilt[whole] =
      `psql --quiet --dbname=spoilt --command="SET session_replication_role = replica; DELETE FROM tickets WHERE code = (SELECT min(code) FROM tickets)"\n${spoilt[whole] ?? ''}`;
    const stages = spoilt.slice(0, whole + 1).filter((text) => !text.includes('createuser'));
    const failure = await follow(stages).then(
      () => undefined,
      (error: unknown) => (error as { stdout: string }).stdout,
    );
    expect(failure).toMatch(new RegExp(`^public\\.tickets\\|${TICKETS}\\|${TICKETS - 1}$`, 'm'));
    await rm(join(folder, 'work'), { recursive: true });
  });
});
