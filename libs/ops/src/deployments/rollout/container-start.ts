import { setTimeout as pause } from 'node:timers/promises';
import { StepFailure } from '../../backups/backup-source';
import { stopped } from '../../database/stopped';
import type { ContainerEngine, ContainerFacts } from '../containers/container-engine';
import type { Underway } from '../deployment-watch';
import type { Patience } from './patience';
import type { ReleaseFiles } from './release-files';

const LOOK_MS = 500;
const LAST_LINES = 12;

/** Watches containers come up. */
export class ContainerStart {
  constructor(
    private readonly engine: ContainerEngine,
    private readonly files: ReleaseFiles,
    private readonly patience: Patience,
  ) {}

  /**
   * Waits until a container is healthy by its own healthcheck; without one, until it has run for a while.
   * @throws StepFailure with its last words where it is unhealthy, ends, or takes too long
   */
  async good({ id, name }: Pick<ContainerFacts, 'id' | 'name'>, u: Underway): Promise<void> {
    const began = performance.now();
    u.progress(`waiting for ${name} to be healthy`);
    for (;;) {
      const seconds = (performance.now() - began) / 1000;
      const facts = await this.engine.container(id, u);
      if (!facts) throw new StepFailure(`${name} was removed while it was waited for`, false);
      const fault = faultOf(facts);
      if (fault !== undefined) throw await this.failure(facts, fault, u);
      if (facts.running && facts.health === 'healthy') return;
      if (facts.running && facts.health === null && seconds >= this.patience.running) return;
      if (seconds >= this.patience.healthy) {
        throw await this.failure(facts, `was not healthy after ${this.patience.healthy} s`, u);
      }
      await pause(LOOK_MS, undefined, { signal: u.signal }).catch(() => {
        throw stopped(u.signal, `waiting for ${name}`);
      });
    }
  }

  private async failure({ id, name }: ContainerFacts, fault: string, u: Underway): Promise<StepFailure> {
    const said = await this.engine.logs(id, LAST_LINES, u).catch((error: unknown) => `no log (${String(error)})`);
    const told = (await this.files.secrets()).redact(said);
    return new StepFailure(`${name} ${fault}; it said: ${told === '' ? 'nothing' : told}`, false);
  }
}

function faultOf({ running, health, restarts, exitCode }: ContainerFacts): string | undefined {
  // First: one that has ended is unhealthy as well, as the engine tells it.
  if (!running) return `ended with ${exitCode}`;
  if (restarts > 0) return 'ended, and was started again by the engine';
  if (health === 'unhealthy') return 'is unhealthy';
  return undefined;
}
