import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** A process, told from a later one of the same number by when it was started. */
export interface Relative {
  pid: number;
  parent: number;
  /** Of its program, without the folder. */
  name: string;
  /** In the kernel's ticks since the machine's start. */
  startedTicks: string;
}

/** Those that a process has started, and those that they have; at once, so that nothing happens meanwhile in this process. */
export function descendantsOf(pid: number): Relative[] {
  const all = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => find(Number(entry)) ?? []);
  const byPid = new Map(all.map((one) => [one.pid, one]));
  const descends = ({ parent }: Relative): boolean => {
    const above = byPid.get(parent);
    return parent === pid || (above !== undefined && descends(above));
  };
  return all.filter(descends);
}

/** Whether it runs: what has ended and was not looked at by its parent yet does not. */
export function isRunning({ pid, startedTicks }: Relative): boolean {
  return find(pid)?.startedTicks === startedTicks;
}

function find(pid: number): Relative | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): after the name in brackets the state, the parent, and as the 22nd field of all the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = '', parent = ''] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return { pid, parent: Number(parent), name: basename(program), startedTicks: fields[19] ?? '' };
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}
