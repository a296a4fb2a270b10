import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { StepFailure } from '../backups/backup-source';
import { reasonOf, type RunSteps, type StepResult } from '../backups/run-steps';
import type { Underway } from './deployment-watch';
import { HealthCheck } from './health-check';
import { KeptFiles } from './kept-files';
import type { Deployment } from './records/deployment.entity';
import { DeploymentRegistry } from './records/deployment-registry';
import { type Release, RELEASE_PARTS } from './release';
import { ReleaseResolver } from './release-resolver';
import { ReleaseFiles } from './rollout/release-files';
import { RollOut } from './rollout/roll-out';
import type { Switched } from './rollout/switched';
import { SmokeTrial } from './smoke/smoke-trial';
import type { Snapshot } from './snapshot/snapshots';
import { isSnapshotTag, Snapshots } from './snapshot/snapshots';

/** What a deployment carries from step to step. */
export interface Course {
  row: Deployment;
  steps: RunSteps;
  signal: AbortSignal;
}

/** What has been changed so far, and how it was before. */
interface Touched {
  files: KeptFiles;
  switched?: Switched;
}

/** For which deployment a snapshot is, where that has no number yet. */
const AHEAD = 'to follow';
const NOTHING_SERVES = 'Nothing serves here yet: there is nothing to go back to';

/** One deployment, or one rollback: the boxes of the processes, in their order. It fills the row in, whatever happens. */
@Injectable()
export class DeploymentCourse {
  private readonly production: boolean;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly registry: DeploymentRegistry,
    private readonly resolver: ReleaseResolver,
    private readonly snapshots: Snapshots,
    private readonly files: ReleaseFiles,
    private readonly rollOut: RollOut,
    private readonly health: HealthCheck,
    private readonly smoke: SmokeTrial,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.production = config.ops.environment === 'prod';
  }

  async deploy(course: Course, { tag, snapshot }: { tag: string; snapshot: string | undefined }): Promise<void> {
    const target = await this.untouched(course, async () => {
      await this.settle(course);
      const release = await this.aim(course, async (underway) => this.resolver.resolve(tag, underway));
      await this.secure(course, snapshot);
      return release;
    });
    if (!target) return;
    await this.change(course, target, async (underway) => {
      await this.files.install();
      await this.rollOut.stage(target, underway);
      return `from ${this.config.ops.deploy.source}`;
    });
    if (course.row.status === 'succeeded') await this.prune(course, target);
  }

  async rollBack(course: Course, to: string | undefined): Promise<void> {
    const snapshot = to !== undefined && isSnapshotTag(to) ? to : undefined;
    const target = await this.untouched(course, async () => {
      await this.settle(course);
      return this.aim(course, async (underway) => this.earlier(to, course.row.previous, underway));
    });
    if (!target) return;
    await this.change(course, target, async (underway) => {
      if (snapshot !== undefined) await this.snapshots.restoreFiles(snapshot, underway);
      await this.rollOut.stage(target, underway);
      return snapshot === undefined ? 'the images alone' : `as they were in ${snapshot}`;
    });
  }

  /** Before anything is touched, a fault cancels and has no other consequences. */
  private async untouched(course: Course, work: () => Promise<Release>): Promise<Release | undefined> {
    try {
      return await work();
    } catch (error) {
      course.row.status = 'cancelled';
      course.row.reason = whyOf(course, error as Error);
      this.logger.error({ err: error as Error, deployment: course.row.id }, 'The deployment is cancelled');
      return undefined;
    }
  }

  private async settle(course: Course): Promise<void> {
    await this.step(course, 'settle', async (underway) => {
      const { done, warnings } = await this.rollOut.settle(underway);
      return { value: undefined, detail: done.length === 0 ? 'all was in order' : done.join('; '), warnings };
    });
  }

  /** Which release it shall be, and which one it is now. */
  private async aim(course: Course, find: (underway: Underway) => Promise<Release>): Promise<Release> {
    const { row } = course;
    return this.step(course, 'resolve', async (underway) => {
      row.previous = (await this.rollOut.current(underway)) ?? null;
      const release = await find(underway);
      row.release = release;
      row.version = release.backend.version;
      row.revision = release.backend.revision;
      const parts = [release.backend, ...(release.frontend ? [release.frontend] : [])];
      const detail = parts.map(({ repository, digest }) => `${repository}@${digest}`).join(', ');
      return { value: release, detail };
    });
  }

  private async earlier(to: string | undefined, current: Release | null, underway: Underway): Promise<Release> {
    if (to === undefined) {
      const predecessor = await this.registry.predecessor(current);
      if (!predecessor) throw new StepFailure('No release has served here before this one', false);
      return predecessor;
    }
    if (!isSnapshotTag(to)) return this.resolver.resolve(to, underway);
    const snapshot = await this.snapshots.find(to);
    if (!snapshot) throw new StepFailure(`There is no snapshot ${to}`, false);
    return snapshot.release;
  }

  /** What a deployment can go back to, taken ahead of it. */
  async snapshot(steps: RunSteps, signal: AbortSignal): Promise<Snapshot | undefined> {
    return steps.take<Snapshot | undefined>('snapshot', async (progress) => {
      const underway = { signal, progress };
      const release = await this.rollOut.current(underway);
      if (!release) return { value: undefined, detail: NOTHING_SERVES };
      const value = await this.snapshots.take({ release, deployment: AHEAD }, underway);
      return { value, detail: value.tag, warnings: value.warnings };
    });
  }

  /** The gate: what can't be gone back to is not left. */
  private async secure(course: Course, given: string | undefined): Promise<void> {
    const { row, steps } = course;
    const { previous } = row;
    if (!previous) {
      await steps.skip('snapshot', 'disabled', NOTHING_SERVES);
      return;
    }
    if (!this.production && given === undefined) {
      await steps.skip('snapshot', 'disabled', `Not in ${row.environment}: its record says what served before`);
      return;
    }
    await this.step(course, 'snapshot', async (underway) => {
      const { tag, warnings } =
        given === undefined
          ? await this.snapshots.take({ release: previous, deployment: row.id }, underway)
          : await this.takenAhead(given, previous, underway);
      row.snapshot = tag;
      return { value: undefined, detail: tag, warnings };
    });
  }

  private async takenAhead(tag: string, current: Release, underway: Underway): Promise<Snapshot> {
    const snapshot = await this.snapshots.find(tag);
    if (!snapshot) throw new StepFailure(`There is no snapshot ${tag}`, false);
    // By what the images are: a push may write the same one down by another digest.
    const same = RELEASE_PARTS.every((part) => snapshot.release[part]?.id === current[part]?.id);
    if (!same) throw new StepFailure(`The snapshot ${tag} is of another release than the one that serves now`, false);
    await this.snapshots.verify(tag, underway);
    return snapshot;
  }

  /** From here on a fault has to be undone. */
  private async change(
    course: Course,
    target: Release,
    install: (underway: Underway) => Promise<string>,
  ): Promise<void> {
    const { row } = course;
    const touched: Touched = { files: await KeptFiles.of(this.files.folder) };
    let switched: Switched;
    try {
      await this.step(course, 'files', async (underway) => ({ value: undefined, detail: await install(underway) }));
      if (row.kind === 'deployment') await this.migrate(course);
      switched = await this.step(course, 'switch', async (underway) => {
        const value = await this.rollOut.switchTo(target, underway);
        return { value, detail: value.manner, warnings: value.warnings };
      });
      touched.switched = switched;
      await this.verify(course);
    } catch (error) {
      row.failureNoticedAt = this.clock.now();
      row.reason = whyOf(course, error as Error);
      this.logger.error({ err: error as Error, deployment: row.id }, 'The deployment has failed');
      await this.undo(course, touched);
      return;
    }
    row.status = 'succeeded';
    // The release is in service and verified: what is cleared away now is no reason to go back.
    await course.steps
      .after('accept', async (progress) => {
        const warnings = await switched.accept({ signal: never(), progress });
        return { value: undefined, detail: 'the earlier version is gone', warnings };
      })
      .catch((error: unknown) => {
        this.logger.warn({ err: error as Error, deployment: row.id }, 'The earlier version could not be cleared away');
      });
  }

  private async migrate(course: Course): Promise<void> {
    const detail = 'the schema is that of the new version, and serves the earlier one as well';
    await this.step(course, 'migrate', async (underway) => {
      await this.rollOut.migrate(underway);
      return { value: undefined, detail };
    });
  }

  private async verify(course: Course): Promise<void> {
    await this.step(course, 'health', async (underway) => ({
      value: undefined,
      detail: await this.health.wait(underway),
    }));
    if (!this.production) {
      await course.steps.skip('smoke', 'disabled', `Not in ${course.row.environment}`);
      return;
    }
    await this.step(course, 'smoke', async (underway) => ({
      value: undefined,
      detail: await this.smoke.run(underway),
    }));
  }

  /** What was not switched yet is put back everywhere; a version that is in service goes back in production alone. */
  private async undo(course: Course, { files, switched }: Touched): Promise<void> {
    const { row, steps } = course;
    // At the very first deployment there is nothing to go back to.
    if (switched && (!this.production || !row.previous)) {
      row.status = 'failed';
      return;
    }
    try {
      await steps.after('rollback', async (progress) => {
        const underway = { signal: never(), progress };
        await files.restore();
        if (switched) await switched.revert(underway);
        else await this.settleAgain(underway);
        return { value: undefined, detail: 'the release before serves' };
      });
      if (row.previous) {
        await this.verifyAgain(course);
        row.recoveredAt = this.clock.now();
      }
      row.status = row.previous && row.kind === 'deployment' ? 'rolled-back' : 'failed';
    } catch (error) {
      row.status = 'rollback-failed';
      row.recoveredAt = null;
      row.reason = `${row.reason ?? ''}. Then the rollback: ${(error as Error).message}`;
      this.logger.error({ err: error as Error, deployment: row.id }, 'The rollback has failed');
    }
  }

  /** @throws StepFailure where the release before does not answer */
  private async settleAgain(underway: Underway): Promise<void> {
    const { release, answers, warnings } = await this.rollOut.settle(underway);
    if (release && !answers) throw new StepFailure(warnings.join('; '), false);
  }

  /** By the same checks. */
  private async verifyAgain({ steps }: Course): Promise<void> {
    await steps.after('rollback-health', async (progress) => ({
      value: undefined,
      detail: await this.health.wait({ signal: never(), progress }),
    }));
    if (!this.production) return;
    await steps.after('rollback-smoke', async (progress) => ({
      value: undefined,
      detail: await this.smoke.run({ signal: never(), progress }),
    }));
  }

  private async prune({ row, steps }: Course, running: Release): Promise<void> {
    if (!this.production) return;
    const served = { running, predecessor: row.previous };
    await steps
      .after('prune', async (progress) => {
        const { detail, warnings } = await this.snapshots.prune(served, { signal: never(), progress });
        return { value: undefined, detail, warnings };
      })
      .catch((error: unknown) => {
        this.logger.warn({ err: error as Error, deployment: row.id }, 'Old snapshots could not be removed');
      });
  }

  private async step<T>(
    { steps, signal }: Course,
    name: string,
    work: (underway: Underway) => Promise<StepResult<T>>,
  ): Promise<T> {
    return steps.take(name, async (progress) => work({ signal, progress }));
  }
}

/** What has to be done after an end has no end of its own but its steps' limits. */
function never(): AbortSignal {
  return new AbortController().signal;
}

/** The step that failed first, and why. */
function whyOf({ steps, signal }: Course, error: Error): string {
  const failed = steps.reports.find(({ status }) => status === 'failed');
  if (failed) return `${failed.name}: ${failed.detail}`;
  return signal.aborted ? reasonOf(signal) : error.message;
}
