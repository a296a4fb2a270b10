import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AppConfig, type AuditAction, AuditLog, Clock, isUniqueViolation, LOGGER, OPERATOR } from '@tiptop/platform';
import type { Logger } from 'pino';
import { type EntityManager, In, Repository } from 'typeorm';
import { OperationUnderWay, SOMEBODY } from '../../schedule/operation.errors';
import { isSameRelease, type Release } from '../release';
import { Deployment, type DeploymentKind } from './deployment.entity';
import { releaseHistory } from './release-history';

/** Pauses before something is written down again, of a database that is away. */
const LAST_WORDS_MS = [1000, 3000, 9000] as const;
/** More deployments than anybody goes back through. */
const HISTORY = 500;

export interface DeploymentRequest {
  kind: DeploymentKind;
  /** As it was asked for. */
  tag: string;
  /** Who deploys, for the records. */
  actor: string;
}

/** What the database knows of this environment's deployments and rollbacks. */
@Injectable()
export class DeploymentRegistry {
  private readonly environment: string;

  constructor(
    { ops }: AppConfig,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
    @InjectRepository(Deployment) private readonly rows: Repository<Deployment>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.environment = ops.environment;
  }

  /**
   * Writes down that one begins, in the audit log as well. Whoever calls it holds the lease, and has buried the dead.
   * @throws OperationUnderWay where the database knows of one that is not over; what pg says where it is away
   */
  async begin({ kind, tag, actor }: DeploymentRequest, owner: string): Promise<Deployment> {
    const row = this.rows.create({
      ...{ id: randomUUID(), environment: this.environment, kind, status: 'running', actor, owner, tag },
      ...{ version: null, revision: null, release: null, previous: null, snapshot: null },
      ...{ startedAt: this.clock.now(), finishedAt: null, step: null, steps: [], warnings: [] },
      ...{ reason: null, failureNoticedAt: null, recoveredAt: null },
    });
    try {
      await this.rows.manager.transaction(async (manager) => {
        await manager.insert(Deployment, row);
        await this.tell(manager, 'deployment-started', row);
      });
    } catch (error) {
      if (isUniqueViolation(error, 'deployments_running_key')) throw await this.underWay();
      throw error;
    }
    return row;
  }

  /**
   * How far it is, what it deploys and over what. A database that is away is no reason to end it. What has been taken for
   * dead meanwhile stays as it was written down.
   */
  async note(row: Deployment): Promise<void> {
    const { id, version, revision, release, previous, snapshot, step, steps, warnings } = row;
    const { failureNoticedAt, recoveredAt } = row;
    try {
      await this.rows.update(
        { id, status: 'running' },
        { version, revision, release, previous, snapshot, step, steps, warnings, failureNoticedAt, recoveredAt },
      );
    } catch (err) {
      this.logger.warn({ err, deployment: id }, 'How far the deployment is could not be written down');
    }
  }

  /**
   * Writes down how it ended, in the audit log as well; the row says that already. Where it gives no end, it is now.
   * @returns why it could not be written down, or undefined; the next one then takes it for dead
   */
  async end(row: Deployment): Promise<string | undefined> {
    if (row.status === 'running') throw new Error('A deployment ends with a verdict');
    row.finishedAt ??= this.clock.now();
    let reason: string | undefined;
    for (const ms of [0, ...LAST_WORDS_MS]) {
      await pause(ms);
      try {
        await this.rows.manager.transaction(async (manager) => {
          await manager.save(Deployment, row);
          await this.tell(manager, 'deployment-finished', row);
        });
        return undefined;
      } catch (err) {
        this.logger.warn({ err, deployment: row.id }, 'The end of the deployment could not be written down');
        reason = (err as Error).message;
      }
    }
    return reason;
  }

  /**
   * Marks those as failed that were under way. To be called by whoever holds the lease: they can't be any more. What they
   * left behind is settled after this; that something is wrong is known from now on.
   * @returns them
   */
  async buryDead(): Promise<Deployment[]> {
    return this.rows.manager.transaction(async (manager) => {
      const dead = await manager.findBy(Deployment, { environment: this.environment, status: 'running' });
      for (const row of dead) {
        const now = this.clock.now();
        Object.assign(row, {
          status: 'failed',
          finishedAt: now,
          failureNoticedAt: row.failureNoticedAt ?? now,
          reason: `The process that made it has ended ${row.step === null ? 'between two steps' : `in the step ${row.step}`}`,
        } satisfies Partial<Deployment>);
        await manager.save(Deployment, row);
        await this.tell(manager, 'deployment-finished', row);
      }
      return dead;
    });
  }

  /** The newest that did what it was asked to. */
  async lastGood(): Promise<Deployment | null> {
    return this.rows.findOne({
      where: { environment: this.environment, status: 'succeeded' },
      order: { finishedAt: 'DESC', startedAt: 'DESC' },
    });
  }

  /** The release that is known to serve. @returns undefined where nothing is on record */
  async running(): Promise<Release | undefined> {
    return (await this.history()).at(-1);
  }

  /**
   * The release that a rollback leads to: what served before, and was not rolled back itself.
   * @param current what really serves: of a deployment that died after its switch the records know only that it died
   */
  async predecessor(current?: Release | null): Promise<Release | undefined> {
    const history = await this.history();
    const recorded = history.at(-1);
    return current && recorded && !isSameRelease(current, recorded) ? recorded : history.at(-2);
  }

  /** See releaseHistory. */
  private async history(): Promise<Release[]> {
    const rows = await this.rows.find({
      select: { id: true, kind: true, status: true, release: true, previous: true, finishedAt: true, startedAt: true },
      where: {
        environment: this.environment,
        status: In(['succeeded', 'failed', 'rolled-back', 'rollback-failed']),
      },
      order: { finishedAt: 'DESC', startedAt: 'DESC' },
      take: HISTORY,
    });
    return releaseHistory(rows.reverse());
  }

  private async underWay(): Promise<OperationUnderWay> {
    const other = await this.rows.findOneBy({ environment: this.environment, status: 'running' });
    return new OperationUnderWay({
      operation: 'deployment',
      owner: other?.owner ?? SOMEBODY.owner,
      since: other?.startedAt,
    });
  }

  /** Who deploys is not told: an audit entry holds no names. The row does. */
  private async tell(manager: EntityManager, action: AuditAction, row: Deployment): Promise<void> {
    const { id, environment, kind, tag, status } = row;
    const verdict = status === 'running' ? {} : { status };
    await this.audit.record(manager, {
      action,
      actor: OPERATOR,
      subject: { type: 'deployment', id },
      details: { environment, kind, tag, ...verdict },
    });
  }
}
