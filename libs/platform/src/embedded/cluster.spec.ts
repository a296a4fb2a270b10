import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterDirOf, openCluster } from './cluster';
import { EmbeddedPostgres } from './index';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries';
import { ServerAccount } from './server-account';
import { ask, failureOf } from './spec-support/ask';
import { Scratch } from './spec-support/scratch';
import { parseWorkspaceName, workspaceName } from './workspace-name';

describe('cluster', () => {
  const scratch = new Scratch();
  let binaries: PostgresBinaries;
  beforeAll(async () => {
    binaries = await findPostgresBinaries();
  });
  afterEach(() => scratch.clear());

  async function open(dataDir: string, locales?: string[]): Promise<unknown> {
    mkdirSync(dataDir, { recursive: true });
    const account = await ServerAccount.choose(dataDir, clusterDirOf(dataDir), binaries);
    return openCluster(dataDir, account, binaries, () => undefined, locales);
  }

  it('falls back to a locale that the system has', async () => {
    const dataDir = scratch.dataDir();
    await open(dataDir, ['xx_XX.UTF-8', 'C']);
    const database = await EmbeddedPostgres.start({ dataDir });
    expect(
      await ask(
        database.url,
        `SELECT datcollate || ' ' || pg_encoding_to_char(encoding) AS value FROM pg_database WHERE datname = 'tiptop'`,
      ),
    ).toEqual(['C UTF8']);
    await database.stop();
  });

  it('that cannot be initialised leaves nothing, and says why', async () => {
    const dataDir = scratch.dataDir();
    const message = await failureOf(open(dataDir, ['xx_XX.UTF-8']));
    expect(message).toContain('invalid locale name "xx_XX.UTF-8"');
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is complete or absent when its creator is killed', async () => {
    const program = scratch.program();
    const dataDir = scratch.dataDir();
    // At different depths of the work: the folders made, the first files written, the system tables filled.
    for (const depth of [0, 3, 100, 900]) {
      const owner = scratch.process({ program, database: { dataDir } });
      while (depthOf(dataDir) < Math.max(depth, 1) && !existsSync(clusterDirOf(dataDir))) await sleep(1);
      await owner.kill();
      // On a busy machine the last one may have come to its end.
      if (depth < 900) expect(existsSync(clusterDirOf(dataDir))).toBe(false);
    }
    const database = await EmbeddedPostgres.start({ dataDir });
    expect(await ask(database.url, 'SELECT 1 AS value')).toEqual([1]);
    await database.stop();
    // What the killed processes left is gone, too: initdb may have outlived them by a moment, hence two starts.
    await (await EmbeddedPostgres.start({ dataDir })).stop();
    expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('leaves the unfinished work of a live process alone', async () => {
    const dataDir = scratch.dataDir();
    const unfinished = join(dataDir, workspaceName(process.ppid));
    mkdirSync(unfinished, { recursive: true });
    await open(dataDir);
    expect(existsSync(unfinished)).toBe(true);
  });

  it('is the same for processes that create it at the same time', async () => {
    const dataDir = scratch.dataDir();
    const [first, ...others] = await Promise.all([open(dataDir), open(dataDir), open(dataDir)]);
    for (const other of others) expect(other).toEqual(first);
    expect(readdirSync(dataDir)).toEqual(['postgres']);
    expect(statSync(clusterDirOf(dataDir)).mode & 0o777).toBe(0o700);
  });

  it('without its password is not touched', async () => {
    const dataDir = scratch.dataDir();
    await open(dataDir);
    rmSync(join(clusterDirOf(dataDir), 'tiptop.password'));
    const message = await failureOf(EmbeddedPostgres.start({ dataDir }));
    expect(message).toMatch(/was not created by this program \(tiptop\.password is missing\)/);
  });
});

/** How many files an initialisation has made so far. */
function depthOf(dataDir: string): number {
  if (!existsSync(dataDir)) return 0;
  const workspace = readdirSync(dataDir).find((name) => parseWorkspaceName(name) !== undefined);
  try {
    return workspace === undefined ? 0 : readdirSync(join(dataDir, workspace), { recursive: true }).length;
  } catch {
    // A file vanished while the folder was read.
    return 0;
  }
}
