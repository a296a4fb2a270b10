import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const START_LIMIT_MS = 30_000;

/** A server in a process of its own, so that each side has its core to itself as in production. */
export class ChildServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** @param script a compiled server that writes `… http://host:port …` on stderr when it is ready */
  static async start(script: string, environment: Record<string, string>): Promise<ChildServer> {
    const child = spawn(process.execPath, [script], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${script} did not start: ${output}`));
      }, START_LIMIT_MS);
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /http:\/\/[\d.]+:\d+/.exec(output);
        if (!found) return;
        clearTimeout(timer);
        resolve(found[0]);
      });
      child.once('exit', (code) => {
        reject(new Error(`${script} ended with ${String(code)}: ${output}`));
      });
    });
    return new ChildServer(child, url);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}
