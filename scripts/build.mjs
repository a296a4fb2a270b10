// Compiles the workspace into dist (or --out-dir DIR). With --if-stale, only when a source is newer than the last build.
// The new output takes the old one's place in one step, so that commands started side by side don't see a half-built one.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const SOURCES = ['apps', 'libs', 'migrations', 'bench'];
const CONFIGURATION = ['.swcrc', 'package.json', 'package-lock.json'];

const { values } = parseArgs({
  options: { 'out-dir': { type: 'string', default: 'dist' }, 'if-stale': { type: 'boolean', default: false } },
});
const target = values['out-dir'];
const stamp = `${target}/.built`;

function isStale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const files = [...CONFIGURATION, ...SOURCES, ...SOURCES.flatMap((folder) => globSync(`${folder}/**`))];
  return files.some((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs > built);
}

if (!values['if-stale'] || isStale()) {
  const started = new Date();
  const fresh = `${target}.${process.pid}`;
  execFileSync(
    process.execPath,
    ['node_modules/@swc/cli/bin/swc.js', ...SOURCES, '--out-dir', fresh, '--ignore', '**/*.spec.ts', '--quiet'],
    { stdio: ['ignore', 2, 2] },
  );
  writeFileSync(`${fresh}/.built`, '');
  // A source that changes while this runs is newer than the build.
  utimesSync(`${fresh}/.built`, started, started);
  const old = `${target}.${process.pid}.old`;
  if (existsSync(target)) renameSync(target, old);
  try {
    renameSync(fresh, target);
  } catch (error) {
    // Another build was quicker, and its output is as good.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    rmSync(fresh, { recursive: true });
  }
  rmSync(old, { recursive: true, force: true });
}
