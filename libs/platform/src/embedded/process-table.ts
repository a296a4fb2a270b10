import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { codeOf } from './embedded-postgres-error';

/**
 * The arguments of a live process, empty when there is none with this id. A zombie counts as none: it still answers
 * kill(pid, 0), for ever in a container whose process 1 does not reap.
 */
export async function commandLineOf(pid: number): Promise<string[]> {
  // Slim images have no ps; macOS has no /proc.
  return existsSync('/proc/self/cmdline') ? commandLineFromProc(pid) : commandLineFromPs(pid);
}

async function commandLineFromProc(pid: number): Promise<string[]> {
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return raw === '' ? [] : raw.replace(/\0$/, '').split('\0');
}

/** ps joins the arguments with blanks; only the start of a postmaster's, `-D <folder> -c …`, is taken apart again. */
export async function commandLineFromPs(pid: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  }).catch(() => ({ stdout: '' }));
  const line = stdout.trim();
  if (line === '' || line.includes('<defunct>')) return [];
  const postmaster = /^(.*\/postgres) -D (.*?)(?: -c \w+=.*)?$/.exec(line);
  return postmaster ? [postmaster[1] ?? '', '-D', postmaster[2] ?? ''] : [line];
}

/** Whether a process with this id is alive. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await commandLineOf(pid)).length > 0;
}

/** Whether the kernel still has something with this id, be it a zombie. PostgreSQL judges its pid file by this. */
export function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** Ids of the direct children of a process; empty where the system does not tell (macOS). */
export async function childrenOf(pid: number): Promise<number[]> {
  const raw = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return raw
    .split(' ')
    .filter((id) => id.trim() !== '')
    .map(Number);
}

/** Sends a signal; a process that is already gone is not an error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
