import { readFile, readlink } from 'node:fs/promises';

/** Which process, so that a later one with the same number is not taken for it. Empty texts where the system tells nothing. */
export interface ProcessIdentity {
  pid: number;
  /** Of the machine's start: another one means that everything from before has ended. */
  bootId: string;
  /** In which the number counts: that of a container is another one's. */
  pidNamespace: string;
  /** When it was started, in the kernel's ticks since the machine's start. */
  startedTicks: string;
}

/** Whose entry is there, and is only waiting for its parent to look at it. */
const ENDED_STATES = ['Z', 'X'];

export async function ownIdentity(): Promise<ProcessIdentity> {
  const [bootId, pidNamespace, stat] = await Promise.all([
    known(async () => readFile('/proc/sys/kernel/random/boot_id', 'utf8')),
    known(async () => readlink('/proc/self/ns/pid')),
    known(async () => readFile('/proc/self/stat', 'utf8')),
  ]);
  return { pid: process.pid, bootId: bootId.trim(), pidNamespace, startedTicks: partsOf(stat).startedTicks };
}

/** Whether both are of one machine, since it was started. */
export function sameBoot(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.bootId !== '' && one.bootId === other.bootId;
}

/** Whether a process has ended for certain; false as well where that can't be known from here. */
export async function hasEnded(process: ProcessIdentity, own: ProcessIdentity): Promise<boolean> {
  if (!sameBoot(process, own)) return false;
  if (own.pidNamespace === '' || process.pidNamespace !== own.pidNamespace) return false;
  let stat: string;
  try {
    stat = await readFile(`/proc/${process.pid}/stat`, 'utf8');
  } catch (error) {
    // ESRCH: it ended between the opening and the reading.
    return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
  const { state, startedTicks } = partsOf(stat);
  return ENDED_STATES.includes(state) || startedTicks !== process.startedTicks;
}

/** Its third and its 22nd field; the second one is a name, in brackets, that may hold anything. proc(5). */
function partsOf(stat: string): { state: string; startedTicks: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startedTicks: fields[19] ?? '' };
}

async function known(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch {
    return '';
  }
}
