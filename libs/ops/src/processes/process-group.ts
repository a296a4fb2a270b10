import type { ChildProcess } from 'node:child_process';

/** Between asking a program to end and ending it, and after that between ending it and turning away from its streams. */
const PATIENCE_MS = 5000;

/** A child that leads a process group, with what it has started itself: none of it must go on without the child. */
export class ProcessGroup {
  private pid: number | undefined;
  private last: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly child: ChildProcess) {
    this.pid = child.pid;
    child.once('exit', () => {
      // Once nobody is left in the group its number may be given to a stranger.
      if (!this.send(0)) this.pid = undefined;
    });
    child.once('close', () => {
      this.closed = true;
      clearTimeout(this.last);
    });
  }

  /** Asks all of it to end, and ends what has not done so after five seconds. Returns at once. */
  end(): void {
    if (this.last) return;
    this.send('SIGTERM');
    if (this.closed) return;
    this.last = setTimeout(() => {
      this.send('SIGKILL');
      this.last = setTimeout(() => {
        // Whoever left the group may hold the pipes open for ever; nobody listens any more.
        for (const stream of this.child.stdio) stream?.destroy();
      }, PATIENCE_MS);
    }, PATIENCE_MS);
  }

  /** @returns whether there was somebody to receive it */
  private send(signal: NodeJS.Signals | 0): boolean {
    if (this.pid === undefined) return false;
    try {
      return process.kill(-this.pid, signal);
    } catch {
      return false;
    }
  }
}
