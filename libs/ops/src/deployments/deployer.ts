import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { type Alert, Alerts } from '../alerts/alerts';
import type { RunObserver } from '../backups/backup-runs';
import { reasonOf, RunSteps } from '../backups/run-steps';
import { OperationLease } from '../schedule/operation-lease';
import type { Operation } from '../schedule/operation-lease.entity';
import { OperationUnderWay } from '../schedule/operation.errors';
import { type Course, DeploymentCourse } from './deployment-course';
import { HealthCheck } from './health-check';
import type { Deployment } from './records/deployment.entity';
import { DeploymentRegistry, type DeploymentRequest } from './records/deployment-registry';
import type { Snapshot } from './snapshot/snapshots';

export interface DeployRequest {
  /** Of the backend's image. */
  tag: string;
  /** Tag of a snapshot of what runs, which takes the place of one of the deployment's own; see snapshot(). */
  snapshot?: string | undefined;
  /** Its end is a fault like any other: production goes back. */
  signal: AbortSignal;
  observer?: RunObserver;
}

export interface RollbackRequest extends Omit<DeployRequest, 'tag' | 'snapshot'> {
  /** A snapshot's tag, or one of the backend's image; the release that served before this one where left out. */
  to?: string | undefined;
}

/** For which a backup or a drill is waited for. */
const PATIENCE_MS = 900_000;
const BETWEEN_TRIES_MS = 2000;
const SCHEDULED: ReadonlySet<string> = new Set<Operation>(['backup', 'prune', 'drill']);
const NOBODY: RunObserver = { progress: () => undefined, finished: () => undefined };

/** Deploys to this environment, and takes back, one at a time. */
@Injectable()
export class Deployer {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly lease: OperationLease,
    private readonly registry: DeploymentRegistry,
    private readonly course: DeploymentCourse,
    private readonly health: HealthCheck,
    private readonly alerts: Alerts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Resolves with the deployment's row once it is over, however it went; a fault of the deployment is no rejection.
   * @throws OperationUnderWay where something else is at work on this installation; StepFailure where a setting is missing
   */
  async deploy({ tag, snapshot, ...request }: DeployRequest): Promise<Deployment> {
    return this.perform({ kind: 'deployment', tag }, request, async (course) =>
      this.course.deploy(course, { tag, snapshot }),
    );
  }

  /**
   * Takes a snapshot of what runs now, for a deployment that is to follow: before the image is built, say.
   * @returns undefined where nothing serves yet
   * @throws OperationUnderWay, StepFailure
   */
  async snapshot({ signal, observer = NOBODY }: Omit<RollbackRequest, 'to'>): Promise<Snapshot | undefined> {
    return this.hold(signal, observer, async (held) => {
      const steps = new RunSteps(this.clock, held, observer, async () => Promise.resolve());
      return this.course.snapshot(steps, held);
    });
  }

  /** As deploy. */
  async rollBack({ to, ...request }: RollbackRequest): Promise<Deployment> {
    return this.perform({ kind: 'rollback', tag: to ?? 'predecessor' }, request, async (course) =>
      this.course.rollBack(course, to),
    );
  }

  private async perform(
    what: Pick<DeploymentRequest, 'kind' | 'tag'>,
    { signal, observer = NOBODY }: Omit<RollbackRequest, 'to'>,
    take: (course: Course) => Promise<void>,
  ): Promise<Deployment> {
    this.health.address();
    return this.hold(signal, observer, async (held, owner) => {
      await this.bury();
      const row = await this.registry.begin({ ...what, actor: this.config.ops.deploy.by }, owner);
      this.logger.info({ deployment: row.id, ...what, actor: row.actor }, 'The deployment begins');
      const steps = new RunSteps(this.clock, held, observer, async (step, reports) => {
        row.step = step ?? row.step;
        row.steps = [...reports];
        await this.registry.note(row);
      });
      try {
        await take({ row, steps, signal: held });
      } catch (error) {
        // What a course foresees it deals with itself.
        this.logger.error({ err: error as Error, deployment: row.id }, 'The deployment has failed');
        row.status = 'failed';
        row.reason ??= held.aborted ? reasonOf(held) : (error as Error).message;
      }
      await this.conclude(row, steps);
      return row;
    });
  }

  /**
   * What the schedule does is waited for, since it ends by itself: an instance that has just come up makes the backup that the
   * calendar missed. Another deployment is not: who began it has to know of this one.
   */
  private async hold<T>(
    signal: AbortSignal,
    observer: RunObserver,
    work: (signal: AbortSignal, owner: string) => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.lease.hold('deployment', signal, work);
      } catch (error) {
        const isPassing = error instanceof OperationUnderWay && SCHEDULED.has(error.operation);
        if (!isPassing || performance.now() >= deadline) throw error;
        observer.progress('wait', error.message);
        await pause(BETWEEN_TRIES_MS, undefined, { signal });
      }
    }
  }

  /** Whoever holds the lease knows that no other is under way any more. */
  private async bury(): Promise<void> {
    for (const { id, kind, tag, step, reason } of await this.registry.buryDead()) {
      await this.alerts.send({
        level: 'failure',
        subject: `${this.config.ops.environment}: the ${kind} to ${tag} died in the step ${step ?? 'before the first'}`,
        text: `${reason ?? ''}. What it has left is settled now, before anything else is done.`,
        facts: { environment: this.config.ops.environment, deployment: id, step: step ?? 'none' },
      });
    }
  }

  private async conclude(row: Deployment, steps: RunSteps): Promise<void> {
    const { alertEmails, alertWebhookUrl } = this.config.ops;
    row.finishedAt = this.clock.now();
    if (alertEmails.length === 0 && alertWebhookUrl === undefined) {
      await steps.skip('notify', 'disabled', 'ALERT_EMAILS and ALERT_WEBHOOK_URL are not set');
    } else {
      await steps
        .after('notify', async () => {
          const failed = await this.alerts.send(alertOf(row, this.config.ops.environment));
          return {
            value: undefined,
            detail: 'sent',
            warnings: failed.map((channel) => `${channel} could not be told`),
          };
        })
        .catch(() => undefined);
    }
    row.steps = [...steps.reports];
    // What failed on the way of one that succeeded came after the switch: something was not cleared away.
    const doubtful = row.steps.filter(({ status }) => status === 'degraded' || status === 'failed');
    row.warnings = row.status === 'succeeded' ? doubtful.map(({ name, detail }) => `${name}: ${detail}`) : [];
    row.step = null;
    const trouble = await this.registry.end(row);
    if (trouble !== undefined) {
      row.warnings = [...row.warnings, `its end could not be written down: ${trouble}`];
    }
    this.logger.info({ deployment: row.id, status: row.status, reason: row.reason }, 'The deployment is over');
  }
}

const LEVELS = {
  succeeded: 'success',
  cancelled: 'failure',
  failed: 'failure',
  'rolled-back': 'failure',
  'rollback-failed': 'failure',
  running: 'failure',
} as const satisfies Record<Deployment['status'], Alert['level']>;

const IN_WORDS = {
  succeeded: 'is in service',
  cancelled: 'was cancelled: nothing was touched',
  failed: 'HAS FAILED',
  'rolled-back': 'failed, and was rolled back: the earlier version serves',
  'rollback-failed': 'HAS FAILED, AND SO HAS ITS ROLLBACK: somebody must look now',
  running: 'did not end',
} as const satisfies Record<Deployment['status'], string>;

function alertOf({ id, kind, tag, status, actor, reason, steps }: Deployment, environment: string): Alert {
  const fault = steps.find((step) => step.status === 'failed') ?? steps.find((step) => step.status === 'degraded');
  const degraded = status === 'succeeded' && fault !== undefined;
  return {
    level: degraded ? 'warning' : LEVELS[status],
    subject: `${environment}: the ${kind} to ${tag} ${IN_WORDS[status]}${degraded ? ', and needs a look' : ''}`,
    text: [`By ${actor}.`, ...(reason === null ? [] : [reason])].join(' '),
    facts: { environment, deployment: id, ...(fault && { step: fault.name, cause: fault.detail }) },
  };
}
