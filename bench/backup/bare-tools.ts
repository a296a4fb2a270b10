import { execFile } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectionEnvironment } from '../../libs/ops/src/database/connection-settings';
import { PostgresTools } from '../../libs/ops/src/database/postgres-tools';
import { ToolFolders } from '../../libs/ops/src/database/tool-folders';
import { Processes } from '../../libs/ops/src/processes/processes';
import { progress } from '../support/report';
import type { Stage } from './stage';

const run = promisify(execFile);

/** What each program took, in seconds, and what came out in the end. */
export interface BareOutcome {
  pgDump: number;
  pgRestore: number;
  tar: number;
  age: number;
  seconds: number;
  archiveBytes: number;
}

/** The stock programs, one after the other, as a person would type them. */
export class BareTools {
  private constructor(
    private readonly stage: Stage,
    private readonly pgDump: string,
    private readonly pgRestore: string,
  ) {}

  /** The very pg_dump and pg_restore that the service finds; undefined where there is no age. */
  static async find(stage: Stage): Promise<BareTools | undefined> {
    const [server] = await stage.dataSource.query<{ number: number }[]>(
      `SELECT current_setting('server_version_num')::int AS number`,
    );
    const processes = new Processes();
    const tools = new PostgresTools(processes, new ToolFolders(processes));
    const { signal } = new AbortController();
    const serverMajor = Math.floor((server?.number ?? Number.NaN) / 10_000);
    const dump = await tools.find('pg_dump', { major: serverMajor, because: 'the server' }, signal);
    const restore = await tools.find('pg_restore', { major: dump.major, because: 'the dump' }, signal);
    const hasAge = await run('age', ['--version']).then(
      () => true,
      () => false,
    );
    if (hasAge) return new BareTools(stage, dump.path, restore.path);
    progress('NOT MEASURED: the program age is missing; install the package age');
    return undefined;
  }

  /** @throws where one of them ends with anything but 0 */
  async run(): Promise<BareOutcome> {
    const { databaseUrl, folder, recipients } = this.stage;
    const cwd = join(folder, 'bare');
    await mkdir(cwd);
    const env = { PATH: process.env.PATH, ...connectionEnvironment(databaseUrl) };
    const timed = async (program: string, ...args: string[]): Promise<number> => {
      const started = performance.now();
      await run(program, args, { cwd, env });
      return (performance.now() - started) / 1000;
    };
    try {
      const started = performance.now();
      const pgDump = await timed(this.pgDump, '-Fc', '-f', 'bench.dump');
      const pgRestore = await timed(this.pgRestore, '-f', '/dev/null', 'bench.dump');
      const tar = await timed('tar', '-cf', 'bench.tar', 'bench.dump');
      const to = recipients.flatMap((recipient) => ['-r', recipient]);
      const age = await timed('age', ...to, '-o', 'bench.tar.age', 'bench.tar');
      const seconds = (performance.now() - started) / 1000;
      const { size } = await stat(join(cwd, 'bench.tar.age'));
      return { pgDump, pgRestore, tar, age, seconds, archiveBytes: size };
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  }
}
