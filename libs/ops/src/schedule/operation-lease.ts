import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppConfig, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { placeOf } from '../database/connection-settings';
import { databaseFault } from '../database/database-fault';
import { DatabaseLease, type LeaseRequest, NoServer } from './database-lease';
import { Heartbeat } from './heartbeat';
import { HostLock } from './host-lock';
import { LEASE_TIMES, LEASE_TIMES_TOKEN, type LeaseTimes } from './lease-times';
import type { Operation } from './operation-lease.entity';
import { type LeaseLost, OperationUnderWay } from './operation.errors';

/** A connection that is cut in the middle is tried again. */
const MOST_TRIES = 3;
const BETWEEN_TRIES_MS = 200;

/**
 * Who may work on this installation: backup, prune, restore, deployment and drill exclude each other. Three things keep
 * others out: a lock of a PostgreSQL session, a row with a heartbeat, and a file on this host. Where PostgreSQL is down, the
 * file does alone.
 *
 * Never two at once: the file goes by the holder's process; the lock is free as soon as the holder's connection ends, but
 * its row counts until it is stale, and is kept alive until the work has ended. So whoever loses a connection has time to stop.
 */
@Injectable()
export class OperationLease {
  constructor(
    private readonly config: AppConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Optional() @Inject(LEASE_TIMES_TOKEN) private readonly times: LeaseTimes = LEASE_TIMES,
  ) {}

  /**
   * Does work that nothing else may meet. Its signal is that of the caller, and fires with a LeaseLost where others are no
   * longer kept out.
   * @throws OperationUnderWay, StepFailure where no lease can be had, and whatever the work throws
   */
  async hold<T>(
    operation: Operation,
    signal: AbortSignal,
    work: (signal: AbortSignal, owner: string) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const { environment, backupDir } = this.config.ops;
    const owner = `${hostname()} ${process.pid} ${randomBytes(4).toString('hex')}`;
    const host = await HostLock.take(backupDir, operation, owner, this.times.staleMs);
    try {
      const database = await this.takeDatabase({ environment, operation, owner, endedOwner: host.endedOwner });
      const heartbeat = new Heartbeat(database ? [host, database] : [host], this.times, (error) => {
        this.logger.warn({ err: error, operation, owner }, 'The lease was lost');
        // Whatever hangs at it is over, and the row is kept alive by a new one.
        database?.cut();
      });
      if (database)
        whenAborted(database.lost, (reason) => {
          heartbeat.lose(reason as LeaseLost);
        });
      heartbeat.start();
      try {
        return await work(AbortSignal.any([signal, heartbeat.signal]), owner);
      } finally {
        await heartbeat.stop();
        await this.letGo('row', async () => database?.release());
      }
    } finally {
      await this.letGo('lock file', async () => host.release());
    }
  }

  /** @returns undefined where PostgreSQL is down */
  private async takeDatabase(claim: Omit<LeaseRequest, 'url'>): Promise<DatabaseLease | undefined> {
    const { databaseUrl: url } = this.config;
    if (url === undefined) throw new Error('The database is started and named before anything is done with it');
    for (let tries = 1; ; tries++) {
      try {
        return await DatabaseLease.take({ ...claim, url }, this.times);
      } catch (error) {
        if (error instanceof OperationUnderWay) throw error;
        const isDown = error instanceof NoServer;
        const fault = databaseFault(
          isDown ? error.cause : error,
          placeOf(url),
          'taking the lease on this installation',
        );
        if (isDown) {
          this.logger.warn({ err: fault }, 'Without PostgreSQL, only the lock file of this host keeps others out');
          return undefined;
        }
        if (tries === MOST_TRIES || !fault.mayPass) throw fault;
        await pause(BETWEEN_TRIES_MS);
      }
    }
  }

  /** What can't be let go is taken for dead soon; it is no reason to lose what the work has come to. */
  private async letGo(what: string, release: () => Promise<void>): Promise<void> {
    try {
      await release();
    } catch (err) {
      this.logger.warn({ err }, `The ${what} of the lease could not be removed; it is taken for dead soon`);
    }
  }
}

function whenAborted(signal: AbortSignal, act: (reason: unknown) => void): void {
  if (signal.aborted) act(signal.reason);
  else
    signal.addEventListener(
      'abort',
      () => {
        act(signal.reason);
      },
      { once: true },
    );
}
