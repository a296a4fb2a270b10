import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { transformFile } from '@swc/core';
import { PROGRAM_VARIABLE } from '../../support/compiled-program';
import type { SnapshotTask } from './snapshot-program';

const run = promisify(execFile);
const PROGRAM = 'test/rigs/support/snapshot-program';
const PATIENCE_MS = 60_000;

/** Takes a snapshot in a process of its own, which kills itself in the middle. @returns the signal that ended it */
export async function takeAndDie(task: SnapshotTask): Promise<string | undefined> {
  const compiled = process.env[PROGRAM_VARIABLE];
  if (compiled === undefined) throw new Error('The programs are compiled by test/support/global-setup.ts');
  const target = join(compiled, 'dist', `${PROGRAM}.js`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, (await transformFile(`${PROGRAM}.ts`)).code);
  try {
    const env = { PATH: process.env['PATH'] ?? '' };
    await run(process.execPath, [target, JSON.stringify(task)], { env, timeout: PATIENCE_MS });
    return undefined;
  } catch (error) {
    const { signal, stderr } = error as { signal?: string; stderr?: string };
    if (signal === 'SIGKILL') return signal;
    throw new Error(`It ended by itself: ${stderr ?? ''}`, { cause: error });
  }
}
