import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 20;

/** The memory that a process holds now, in megabytes. */
function residentMb(pid: number): number {
  const kilobytes = existsSync('/proc/self/status')
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(kilobytes) / 1024;
}

/** By how many megabytes a process grows while something is done. */
export async function growthDuring(pid: number, work: () => Promise<void>): Promise<number> {
  const before = residentMb(pid);
  let most = before;
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) {
      most = Math.max(most, residentMb(pid));
      await sleep(PAUSE_MS);
    }
  })();
  try {
    await work();
  } finally {
    done.abort();
    await watching;
  }
  return most - before;
}
