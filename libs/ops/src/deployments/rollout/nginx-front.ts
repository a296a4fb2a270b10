import { setTimeout as pause } from 'node:timers/promises';
import { StepFailure } from '../../backups/backup-source';
import { stopped } from '../../database/stopped';
import type { Compose } from '../containers/compose';
import type { ContainerEngine, ContainerFacts, ContainerProcess } from '../containers/container-engine';
import type { Underway } from '../deployment-watch';
import type { Patience } from './patience';
import type { ReleaseFiles } from './release-files';
import type { Routes } from './upstreams-file';

const SERVICE = 'nginx';
const LOOK_MS = 200;
/** The titles that nginx gives to its processes. */
const WORKER = 'nginx: worker process';
const LEAVING = 'nginx: worker process is shutting down';

/** Workers of nginx that finish what they have begun, as they were told before, and take nothing new. */
export interface LeavingWorkers {
  container: string;
  pids: readonly number[];
}

/** nginx, which passes requests on. It turns elsewhere without losing one: new workers begin, old ones finish. */
export class NginxFront {
  constructor(
    private readonly engine: ContainerEngine,
    private readonly compose: Compose,
    private readonly files: ReleaseFiles,
    private readonly patience: Patience,
  ) {}

  /**
   * Makes requests go where the routes say. When it returns, each new one does.
   * @returns the workers that finish the older ones
   * @throws StepFailure; requests go where they went, and the file of the routes is as it was
   */
  async route(routes: Routes, u: Underway): Promise<LeavingWorkers | undefined> {
    return this.files.withRoutes(routes, async () => this.turn(u));
  }

  /** Waits until such workers are gone, or their time is over. @throws StepFailure where nobody can tell */
  async left(workers: LeavingWorkers | undefined, u: Underway): Promise<void> {
    if (!workers || workers.pids.length === 0) return;
    u.progress('waiting for requests under way');
    const deadline = performance.now() + this.patience.grace * 1000;
    while (performance.now() < deadline) {
      const present = await this.workers(workers.container, u);
      if (!present.some(({ pid }) => workers.pids.includes(pid))) return;
      await look(u);
    }
  }

  private async turn(u: Underway): Promise<LeavingWorkers | undefined> {
    const nginx = await this.running(u);
    if (!nginx) {
      u.progress('starting nginx');
      await this.compose.up(this.files.folder, { services: [SERVICE], recreate: 'never' }, u);
      return undefined;
    }
    await this.engine.exec(nginx.id, ['nginx', '-t', '-q'], u);
    const before = (await this.workers(nginx.id, u)).map(({ pid }) => pid);
    await this.engine.exec(nginx.id, ['nginx', '-s', 'reload'], u);
    const deadline = performance.now() + this.patience.turn * 1000;
    for (;;) {
      const workers = await this.workers(nginx.id, u);
      const hasNew = workers.some(({ pid }) => !before.includes(pid));
      const hasOld = workers.some(({ pid, title }) => before.includes(pid) && !title.startsWith(LEAVING));
      if (hasNew && !hasOld) return { container: nginx.id, pids: before };
      if (performance.now() >= deadline) {
        throw new StepFailure(`nginx has not taken up its routes after ${this.patience.turn} s; see its log`, false);
      }
      await look(u);
    }
  }

  private async running(u: Underway): Promise<ContainerFacts | undefined> {
    const { name: project } = await this.files.project();
    const all = await this.engine.containers({ project, service: SERVICE }, u);
    return all.find(({ running }) => running);
  }

  private async workers(container: string, u: Underway): Promise<ContainerProcess[]> {
    return (await this.engine.processes(container, u)).filter(({ title }) => title.startsWith(WORKER));
  }
}

async function look({ signal }: Underway): Promise<void> {
  await pause(LOOK_MS, undefined, { signal }).catch(() => {
    throw stopped(signal, 'waiting for nginx');
  });
}
