import { loadConfig } from '../../../../libs/platform/src';
import { Compose } from '../../../../libs/ops/src/deployments/containers/compose';
import { ContainerEngine } from '../../../../libs/ops/src/deployments/containers/container-engine';
import { EngineProgram } from '../../../../libs/ops/src/deployments/containers/engine-program';
import { EngineRoom } from '../../../../libs/ops/src/deployments/containers/engine-room';
import type { Release } from '../../../../libs/ops/src/deployments/release';
import { ReleaseFiles } from '../../../../libs/ops/src/deployments/rollout/release-files';
import { RollOut } from '../../../../libs/ops/src/deployments/rollout/roll-out';
import { Processes, type ProcessOptions, type ProcessOutcome } from '../../../../libs/ops/src/processes/processes';

/** What a process of its own is to do; JSON in its first argument. */
export interface RollOutTask {
  env: Record<string, string>;
  release: Release;
  /** Kills itself, with -9, before the nth call of a program whose arguments contain a text, after one that contains another. */
  kill: { after?: string; before: string; nth: number };
}

const task = JSON.parse(process.argv[2] ?? '') as RollOutTask;

class DeadlyProcesses extends Processes {
  private counts = task.kill.after === undefined;
  private seen = 0;

  override async run(options: ProcessOptions): Promise<ProcessOutcome> {
    const { after, before, nth } = task.kill;
    const line = options.args.join(' ');
    if (this.counts && line.includes(before) && ++this.seen === nth) {
      process.kill(process.pid, 'SIGKILL');
      // Until the signal arrives nothing else may happen.
      for (;;);
    }
    if (after !== undefined && line.includes(after)) this.counts = true;
    return super.run(options);
  }
}

async function main(): Promise<void> {
  const config = loadConfig(task.env);
  const program = new EngineProgram(config, new DeadlyProcesses());
  const [engine, compose, files] = [new ContainerEngine(program), new Compose(program), new ReleaseFiles(config)];
  const rollOut = new RollOut(config, engine, compose, files, new EngineRoom(config, engine));
  const u = { signal: new AbortController().signal, progress: () => undefined };
  await rollOut.stage(task.release, u);
  const switched = await rollOut.switchTo(task.release, u);
  const warnings = await switched.accept(u);
  process.stdout.write(JSON.stringify(warnings));
}

void main();
