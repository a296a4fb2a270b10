import { execFileSync } from 'node:child_process';
import { appendFile, chmod, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../test/support/file-tree';
import { sha256 } from '../../../../test/support/image-archives';
import { withoutPrivileges } from '../../../../test/support/privileges';
import { copyFile, NotAFile } from './file-copy';

const never = new AbortController().signal;
/** So large that it is read in many pieces. */
const LARGE = 8 * 1024 * 1024;

describe('Copying a file', () => {
  let folder: string;
  let from: string;
  let to: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    from = join(folder, 'from');
    to = join(folder, 'new/folder/to');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** Adds to the file, over and over, until told to stop. */
  function keepChanging(): { stop: () => Promise<void> } {
    let on = true;
    const change = async (): Promise<void> => {
      while (on) await appendFile(from, 'more ');
    };
    const changing = change();
    return {
      stop: async () => {
        on = false;
        await changing;
      },
    };
  }

  it.each([0, 1, 100_000, LARGE])('of %i bytes keeps bytes, permissions and time', async (bytes) => {
    await writeFile(from, Buffer.alloc(bytes, 'x'));
    await chmod(from, 0o640);
    await utimes(from, 1_700_000_000, 1_700_000_000);
    const copied = await copyFile(from, to, never);
    const copy = await readFile(to);
    expect(copied).toEqual({ bytes, sha256: sha256(Buffer.alloc(bytes, 'x')), unsettled: false });
    expect(sha256(copy)).toBe(copied.sha256);
    const { mode, mtimeMs } = await stat(to);
    expect([mode & 0o777, mtimeMs]).toEqual([0o640, 1_700_000_000_000]);
    expect((await stat(join(folder, 'new'))).mode & 0o777).toBe(0o700);
  });

  it.each([
    [0o400, 0o400],
    [0o040, 0o440],
    [0o4755, 0o755],
  ])('with permissions %o gives %o', async (before, after) => {
    await writeFile(from, 'x');
    await chmod(from, before);
    await copyFile(from, to, never);
    expect((await stat(to)).mode & 0o7777).toBe(after);
  });

  it('that changes meanwhile is done again, until it has settled', async () => {
    await writeFile(from, Buffer.alloc(LARGE));
    const writer = keepChanging();
    const copying = copyFile(from, to, never);
    setTimeout(() => void writer.stop(), 50);
    const copied = await copying;
    const last = await readFile(from);
    expect(last.length).toBeGreaterThan(LARGE);
    expect(copied).toEqual({ bytes: last.length, sha256: sha256(last), unsettled: false });
    expect((await readFile(to)).equals(last)).toBe(true);
  });

  it('that does not settle says so', async () => {
    await writeFile(from, Buffer.alloc(LARGE));
    const writer = keepChanging();
    const copied = await copyFile(from, to, never);
    await writer.stop();
    expect(copied.unsettled).toBe(true);
    const copy = await readFile(to);
    expect([copy.length, sha256(copy)]).toEqual([copied.bytes, copied.sha256]);
  });

  it('does not follow a link, nor wait at a pipe, that has come in its place', async () => {
    await writeFile(join(folder, 'secret'), 'x');
    await symlink(join(folder, 'secret'), from);
    await expect(copyFile(from, to, never)).rejects.toMatchObject({ code: 'ELOOP' });
    await rm(from);
    execFileSync('mkfifo', [from]);
    await expect(copyFile(from, to, never)).rejects.toThrow(NotAFile);
  });

  it('that is gone, or not for us, is the file system’s fault', async () => {
    await expect(copyFile(from, to, never)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(from, 'x');
    await chmod(from, 0o000);
    await expect(withoutPrivileges(() => copyFile(from, to, never))).rejects.toMatchObject({ code: 'EACCES' });
  });

  it('ends with the run', async () => {
    await writeFile(from, Buffer.alloc(LARGE));
    await expect(copyFile(from, to, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
