import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Processes } from '../processes/processes';
import { PostgresTools } from './postgres-tools';
import { ToolFolders } from './tool-folders';

class GivenFolders extends ToolFolders {
  constructor(private readonly folders: readonly string[]) {
    super(new Processes());
  }

  override list(): Promise<string[]> {
    return Promise.resolve([...this.folders]);
  }
}

describe('PostgreSQL’s programs', () => {
  const { signal } = new AbortController();
  let folder: string;
  let folders: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-tools-'));
    folders = [];
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function installed(text: string, { name = 'pg_dump', mode = 0o755 } = {}): Promise<string> {
    const bin = join(folder, `bin${folders.length}`);
    await mkdir(bin);
    folders.push(bin);
    await writeFile(join(bin, name), `#!/bin/sh\necho '${text}'\n`);
    await chmod(join(bin, name), mode);
    return join(bin, name);
  }

  const find = (major: number, name: 'pg_dump' | 'pg_restore' | 'psql' = 'pg_dump') =>
    new PostgresTools(new Processes(), new GivenFolders(folders)).find(name, { major, because: 'the server' }, signal);

  it('are those of the server’s release, or of the next one that there is', async () => {
    await installed('pg_dump (PostgreSQL) 18.0');
    const right = await installed('pg_dump (PostgreSQL) 16.4 (Debian 16.4-1)');
    await installed('pg_dump (PostgreSQL) 14.9');
    await installed('pg_dump (PostgreSQL) 16.1');
    expect(await find(16)).toEqual({ path: right, version: '16.4', major: 16 });
    expect(await find(15)).toMatchObject({ version: '16.4' });
    expect(await find(17)).toMatchObject({ version: '18.0' });
    expect(await find(14)).toMatchObject({ version: '14.9' });
  });

  it('are the released one rather than its beta', async () => {
    await installed('pg_dump (PostgreSQL) 17beta2');
    expect(await find(17)).toMatchObject({ version: '17beta2', major: 17 });
    await installed('pg_dump (PostgreSQL) 17.0');
    expect(await find(17)).toMatchObject({ version: '17.0' });
  });

  it('are not Debian’s stand-in, nor what does not run, nor what is of another kind', async () => {
    const wrapper = await installed('pg_dump (PostgreSQL) 15.9', { name: 'pg_wrapper' });
    await installed('pg_dump (PostgreSQL) 15.8', { mode: 0o644 });
    await installed('pg_dump: no such library');
    await installed('pg_restore (PostgreSQL) 15.3', { name: 'pg_restore' });
    const bin = join(folder, 'usr');
    await mkdir(bin);
    await symlink(wrapper, join(bin, 'pg_dump'));
    folders.push(bin);
    await expect(find(15)).rejects.toMatchObject({
      message: expect.stringMatching(/^pg_dump is not installed: install the package postgresql-client-15 /) as string,
    });
    expect(await find(15, 'pg_restore')).toMatchObject({ version: '15.3' });
  });

  it('are refused where they are older, and it is told what to install', async () => {
    const path = await installed('pg_dump (PostgreSQL) 14.2');
    await installed('pg_dump (PostgreSQL) 9.6.24');
    await expect(find(15)).rejects.toMatchObject({
      mayPass: false,
      message:
        `pg_dump 14.2 (${path}) is older than the server, release 15: install the package postgresql-client-15 ` +
        "(Debian, Ubuntu), or PostgreSQL's client programs of release 15 or newer",
    });
    await expect(find(15, 'psql')).rejects.toMatchObject({
      mayPass: false,
      message: expect.stringMatching(/^psql is not installed/) as string,
    });
  });

  it('are not looked for once the run stops', async () => {
    const ended = new PostgresTools(new Processes(), new GivenFolders(folders));
    const looking = ended.find('pg_dump', { major: 15, because: 'the server' }, AbortSignal.abort());
    await expect(looking).rejects.toMatchObject({ message: 'looking for pg_dump: the run stops' });
  });
});

describe('Folders of programs', () => {
  it('are named once asked for, the usual ones among them', async () => {
    const folders = await new ToolFolders(new Processes()).list(new AbortController().signal);
    expect(folders).toEqual(expect.arrayContaining(['/usr/bin', '/usr/local/bin']));
    expect(folders.filter((folder) => !folder.startsWith('/'))).toEqual([]);
  });
});
