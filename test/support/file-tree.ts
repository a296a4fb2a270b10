import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Contents by path; `{ link }` is a symbolic link, `{ mode }` has its permissions set. */
export type Plan = Record<string, string | Buffer | { link: string } | { mode: number; text: string }>;

/** A new folder, open to every user. @returns its path, without a link in it */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tiptop-files-')));
  await chmod(folder, 0o777);
  return folder;
}

export async function plant(root: string, plan: Plan): Promise<void> {
  for (const [path, content] of Object.entries(plan)) {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) {
      await writeFile(place, content);
    } else if ('link' in content) {
      await symlink(content.link, place);
    } else {
      await writeFile(place, content.text);
      await chmod(place, content.mode);
    }
  }
}

/** Every file below a folder: text and permissions by path. */
export async function harvest(root: string): Promise<Record<string, { text: string; mode: string }>> {
  const found: Record<string, { text: string; mode: string }> = {};
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    const place = join(entry.parentPath, entry.name);
    const { mode } = await stat(place);
    const text = await readFile(place, 'utf8');
    found[place.slice(root.length + 1)] = { text, mode: (mode & 0o777).toString(8) };
  }
  return found;
}
