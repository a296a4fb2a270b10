import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { Pool } from 'pg';
import { type JobResult, type JobWithMetadata, PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import { AppConfig } from '../config/app-config';
import { PG_POOL } from '../database/database.module';
import { LOGGER } from '../logging/logging.module';
import { MailFailure } from './mail-failure';
import { MailRelay } from './mail-relay';
import type { MailOrder } from './mail-kinds';
import { MAIL_QUEUE, MAIL_QUEUE_SCHEMA } from './mail-queue-schema';
import { MailSender } from './mail-sender';
import { MailTransport } from './mail-transport';
import { SparseLog } from './sparse-log';

/** How often orders are moved on to the queue. */
const RELAY_PAUSE_MS = 500;
/** Two, so that a server that is slow about one letter does not keep all others waiting. */
const WORKERS = 2;
/** Letters that a worker sends at once. */
const BATCH = 10;
/** Most letters under way at once in one process. */
export const LETTERS_AT_ONCE = WORKERS * BATCH;
/** How often an idle worker looks for letters. */
const POLLING_SECONDS = 2;
/** Tries of a letter; with pauses of 5 s doubling to an hour they take two days. */
const TRIES = 60;
/** After this long without a sign of life of its process, a letter under way goes back to those waiting. */
const HEARTBEAT_SECONDS = 15;
/** How often such letters are looked for. */
const MONITOR_SECONDS = 5;
/** More than letters can take that queue up for few connections to a server that is all but silent. */
const EXPIRY_SECONDS = 900;
/** How long a stop waits for letters under way: less than the service waits for its requests. */
const STOP_LIMIT_MS = 20_000;
const NEVER_SECONDS = 86_400;

interface MailJob {
  kind: string;
  userId: string | null;
  data: Readonly<Record<string, string | null>>;
}

/**
 * Delivers what waits in the queue, at least once: a letter is done with as soon as it was accepted. Of several processes
 * each takes letters that no other has.
 */
@Injectable()
export class MailDelivery implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private readonly log: SparseLog;
  private readonly relay: MailRelay;
  private boss: PgBoss | undefined;
  private secondWorker: NodeJS.Timeout | undefined;
  private stopping: Promise<void> | undefined;
  /** Letters that were accepted and could not be marked so, since the database was away at that moment. */
  private readonly unmarked = new Set<string>();

  constructor(
    private readonly sender: MailSender,
    private readonly transport: MailTransport,
    private readonly config: AppConfig,
    @Inject(PG_POOL) private readonly pool: Pool,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.log = new SparseLog(logger);
    this.relay = new MailRelay(pool, RELAY_PAUSE_MS, (error) => {
      this.log.warn({ reason: MailFailure.of(error).message }, 'The queue of letters does not answer');
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    const { delivery, retrySeconds, retryMaxSeconds } = this.config.mail;
    if (!delivery) return;
    const boss = (this.boss = this.open());
    await boss.start();
    // For letters that come into the queue from now on: each carries the settings of its time.
    await boss.updateQueue(MAIL_QUEUE, {
      retryLimit: TRIES,
      retryBackoff: true,
      retryDelay: retrySeconds,
      retryDelayMax: Math.max(retrySeconds, retryMaxSeconds),
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: EXPIRY_SECONDS,
    });
    this.relay.start();
    await this.startWorker(boss);
    // Out of step with the first, so that one of them looks every second.
    this.secondWorker = setTimeout(
      () => {
        this.startWorker(boss).catch((err: unknown) => {
          this.logger.error({ err }, 'Letters are delivered by one worker only');
        });
      },
      (POLLING_SECONDS * 1000) / WORKERS,
    );
  }

  /** Takes no more letters from here on. Those under way go on while the service lets its requests finish. */
  onModuleDestroy(): void {
    this.stopping = this.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stopping;
  }

  private open(): PgBoss {
    const boss = new PgBoss({
      // The pool of all: as pg-boss' own it throws a connection away whose statement failed.
      db: { executeSql: async (text, values) => this.pool.query(text, values as unknown[]) },
      schema: MAIL_QUEUE_SCHEMA,
      migrate: false,
      createSchema: false,
      schedule: false,
      registerInstance: false,
      superviseIntervalSeconds: MONITOR_SECONDS,
      monitorIntervalSeconds: MONITOR_SECONDS,
      // It would go beyond the time that the pool gives a statement, and leave a broken index.
      reindex: false,
      // No letter waits for another one.
      flowIntervalSeconds: NEVER_SECONDS,
    });
    boss.on('error', (err) => {
      this.log.warn({ reason: MailFailure.of(err).message }, 'The queue of letters does not answer');
    });
    boss.on('warning', ({ message }) => {
      this.log.warn({ reason: MailFailure.of(message).message }, 'The queue of letters gives warning');
    });
    return boss;
  }

  private async startWorker(boss: PgBoss): Promise<void> {
    await boss.work(
      MAIL_QUEUE,
      {
        includeMetadata: true,
        perJobResults: true,
        batchSize: BATCH,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: POLLING_SECONDS,
      },
      (jobs: JobWithMetadata<MailJob>[]) => Promise.all(jobs.map((job) => this.deliver(boss, job))),
    );
  }

  private async stop(): Promise<void> {
    clearTimeout(this.secondWorker);
    await this.relay.stop();
    try {
      await this.boss?.stop({ graceful: true, timeout: STOP_LIMIT_MS });
    } catch (err) {
      this.logger.warn({ err }, 'The delivery of letters did not stop in order');
    } finally {
      this.transport.close();
    }
  }

  private async deliver(boss: PgBoss, job: JobWithMetadata<MailJob>): Promise<JobResult> {
    const { id, retryCount, data } = job;
    try {
      if (!this.unmarked.has(id) && data.userId !== null) await this.sender.send(toOrder(job, data.userId), job.signal);
    } catch (error) {
      return this.failed(job, MailFailure.of(error));
    }
    this.unmarked.add(id);
    try {
      // Not with the rest of its batch: a process that is killed meanwhile would leave it to be sent again.
      await boss.complete(MAIL_QUEUE, { id, retryCount });
      this.unmarked.delete(id);
    } catch (error) {
      this.log.warn({ reason: MailFailure.of(error).message }, 'The queue of letters does not answer');
    }
    return { id, status: 'completed' };
  }

  private failed({ id, data, retryCount, retryLimit }: JobWithMetadata<MailJob>, failure: MailFailure): JobResult {
    const line = { kind: data.kind, mailId: id, tries: retryCount + 1, reason: failure.message };
    const dead = failure.permanent || retryCount >= retryLimit;
    if (dead) this.logger.error(line, 'A letter can’t be delivered and is tried no more');
    else this.log.warn(line, 'A letter could not be sent; it will be tried again');
    return { id, status: dead ? 'deadletter' : 'failed', output: { message: failure.message } };
  }
}

function toOrder({ id, createdOn, data }: JobWithMetadata<MailJob>, userId: string): MailOrder {
  return { id, kind: data.kind, userId, data: data.data, createdAt: createdOn };
}
