import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { transformFile } from '@swc/core';
import { PROGRAM_VARIABLE } from './compiled-program';
import type { HolderTask } from './lease-holder';

const PROGRAM = 'test/support/lease-holder';

/** A line of a journal: who did what. */
export interface JournalLine {
  name: string;
  what: string;
}

/** A process that takes the lease of an installation, and can be killed or stopped while it has it. */
export class LeaseProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly task: HolderTask,
  ) {}

  static async start(task: HolderTask): Promise<LeaseProcess> {
    const compiled = process.env[PROGRAM_VARIABLE];
    if (compiled === undefined) throw new Error('The programs are compiled by test/support/global-setup.ts');
    const target = join(compiled, 'dist', `${PROGRAM}.js`);
    await mkdir(dirname(target), { recursive: true });
    // Another spec file may start the same program right now.
    const unfinished = `${target}.${randomUUID()}`;
    await writeFile(unfinished, (await transformFile(`${PROGRAM}.ts`)).code);
    await rename(unfinished, target);
    const child = spawn(process.execPath, [target, JSON.stringify(task)], {
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return new LeaseProcess(child, task);
  }

  /** What it has done so far. */
  get did(): string[] {
    return journalOf(this.task.journal).flatMap(({ name, what }) => (name === this.task.name ? [what] : []));
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async ended(): Promise<void> {
    if (!this.hasEnded) await once(this.child, 'exit');
  }

  /** With -9, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill('SIGKILL');
    await this.ended();
  }
}

export function journalOf(path: string): JournalLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', ...what] = line.split(' ');
      return { name, what: what.join(' ') };
    });
}

/**
 * @param dead who was killed: what they began has ended there
 * @returns how many held the lease, one after the other
 * @throws where two held it at once
 */
export function turnsOf(path: string, dead: readonly string[] = []): number {
  let inside: string | undefined;
  let turns = 0;
  for (const { name, what } of journalOf(path)) {
    if (what === 'begins') {
      if (inside !== undefined && !dead.includes(inside)) throw new Error(`${name} begins while ${inside} is at work`);
      inside = name;
      turns++;
    } else if (what !== 'is done') {
      if (inside !== name) throw new Error(`${name} ${what} while ${inside ?? 'nobody'} has the lease`);
      if (what === 'ends') inside = undefined;
    }
  }
  return turns;
}
