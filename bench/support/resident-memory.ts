import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/** Resident memory of a process under watch. */
export interface MemoryWatch {
  /** The most that was seen so far over what there was at the beginning; NaN where it can't be told. */
  grownMb: () => number;
  stop: () => Promise<void>;
}

/** Looks at the resident memory of a process, on Linux, until it is told to stop; the first look is over when this resolves. */
export async function watchMemory(pid: number): Promise<MemoryWatch> {
  const done = new AbortController();
  const first = await residentMb(pid);
  let most = first;
  const watching = (async () => {
    while (!done.signal.aborted) {
      most = Math.max(most, await residentMb(pid));
      await sleep(LOOK_EVERY_MS);
    }
  })();
  return {
    grownMb: () => most - first,
    stop: async () => {
      done.abort();
      await watching;
    },
  };
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
