import { writeSync } from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type AppConfig, loadConfig, SystemClock } from '../../../libs/platform/src';
import { Ages } from '../../../libs/ops/src/archive/ages';
import { Archiver } from '../../../libs/ops/src/archive/archiver';
import { ArchiveReader } from '../../../libs/ops/src/archive/archive-reader';
import { sampleContents, sampleContext } from '../../../libs/ops/src/archive/spec-support/sample-backup';
import type { Artifact } from '../../../libs/ops/src/backups/manifest';
import { KeyPairs } from '../../../libs/ops/src/keys/key-pairs';
import { Recipients } from '../../../libs/ops/src/keys/recipients';
import { LocalBackups } from '../../../libs/ops/src/local/local-backups';
import { Processes } from '../../../libs/ops/src/processes/processes';

/** What a process of its own is to do; JSON in its first argument. */
export interface ArchiveTask {
  work: 'back up' | 'remove' | 'measure';
  /** DATA_DIR; keys and backups are below it. */
  folder: string;
  id: string;
  /** Kills itself, with -9, before so many changes to the disk were made. */
  killBefore?: number;
  /** Of `measure`: a file in the place of the sample. */
  artifact?: string;
}

/** What it says on stdout, in JSON. */
export interface ArchiveOutcome {
  /** Each change to the disk, in order: `rename .daily-….partial/x daily/x`. */
  changes: string[];
  /** Of `measure`: what resident memory grew by, and how long it took. */
  writing?: { seconds: number; grewBytes: number };
  reading?: { seconds: number; grewBytes: number };
}

const CHANGING = ['mkdir', 'rename', 'rm', 'link', 'open', 'chmod'] as const;
const task = JSON.parse(process.argv[2] ?? '') as ArchiveTask;
const changes: string[] = [];

/** Notes every change to the disk, and dies before the one that it is told to. */
function watchDisk(root: string): void {
  const note = (what: string): void => {
    if (changes.length === task.killBefore) {
      writeSync(1, JSON.stringify({ changes } satisfies ArchiveOutcome));
      process.kill(process.pid, 'SIGKILL');
      // Until the signal arrives nothing else may happen.
      for (;;);
    }
    changes.push(what.replaceAll(`${root}/`, ''));
  };
  for (const name of CHANGING) {
    const original = promises[name] as (...args: unknown[]) => Promise<unknown>;
    const noted = async (...args: unknown[]): Promise<unknown> => {
      const paths = args.filter((arg) => typeof arg === 'string' && arg.includes('/')).join(' ');
      const reading = name === 'open' && (args[1] === 'r' || typeof args[1] === 'number');
      if (!reading) note(`${name} ${paths}`);
      const result = await original.apply(promises, args);
      if (name === 'open') watchFile(result as FileHandle, paths, note);
      return result;
    };
    Object.assign(promises, { [name]: noted });
  }
}

function watchFile(file: FileHandle, path: string, note: (what: string) => void): void {
  for (const name of ['sync', 'writev', 'writeFile'] as const) {
    const original = file[name] as (...args: unknown[]) => Promise<unknown>;
    const noted = (...args: unknown[]): Promise<unknown> => {
      note(`${name} ${path}`);
      return original.apply(file, args);
    };
    Object.assign(file, { [name]: noted });
  }
}

/** The most that resident memory grows by while something is done. */
async function measured(work: () => Promise<unknown>): Promise<{ seconds: number; grewBytes: number }> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 10);
  const started = performance.now();
  await work();
  clearInterval(timer);
  return { seconds: (performance.now() - started) / 1000, grewBytes: most - before };
}

async function artifactOf(path: string, file: string): Promise<Artifact> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(file), async function (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  });
  return { path, bytes, sha256: hash.digest('hex') };
}

async function main(): Promise<void> {
  const config: AppConfig = loadConfig({ NODE_ENV: 'test', DATA_DIR: task.folder });
  const clock = new SystemClock();
  const local = new LocalBackups(config, clock);
  const keyPairs = new KeyPairs(clock);
  const recipients = new Recipients(config, keyPairs);
  const ages = new Ages(new Processes(), config);
  const archiver = new Archiver(config, recipients, ages);
  const outcome: ArchiveOutcome = { changes };
  const { signal } = new AbortController();
  const { recipients: keys } = await recipients.choose();
  if (task.work === 'remove') {
    watchDisk(config.ops.backupDir);
    await local.remove(task.id);
  } else if (task.work === 'back up') {
    watchDisk(config.ops.backupDir);
    const partial = await local.create(task.id);
    await promises.mkdir(join(partial, 'db'));
    const dump = join(partial, 'db/tiptop.dump.gz');
    const file = await promises.open(dump, 'wx', 0o600);
    await file.writeFile(Buffer.alloc(200_000, task.id));
    await file.sync();
    await file.close();
    const contents = sampleContents([await artifactOf('db/tiptop.dump.gz', dump)], keys, { id: task.id });
    await local.publish(await archiver.write(contents, sampleContext(partial, { id: task.id })));
  } else {
    const partial = await local.create(task.id);
    await promises.mkdir(join(partial, 'db'));
    const dump = join(partial, 'db/tiptop.dump.gz');
    await promises.link(task.artifact ?? '', dump);
    const contents = sampleContents([await artifactOf('db/tiptop.dump.gz', dump)], keys, { id: task.id });
    // So that the first measurement is not of what is loaded once.
    await ages.choose(signal);
    outcome.writing = await measured(async () => {
      await local.publish(await archiver.write(contents, sampleContext(partial, { id: task.id })));
    });
    const { archivePath: archive, manifest } = await local.get(task.id);
    const identityFile = (await recipients.identityFile()) ?? '';
    const reader = new ArchiveReader(ages, keyPairs);
    outcome.reading = await measured(() => reader.open({ archive, identityFile, manifest, signal }));
  }
  process.stdout.write(JSON.stringify(outcome));
}

void main();
