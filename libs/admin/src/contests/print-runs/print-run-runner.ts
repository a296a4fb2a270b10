import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { PrintRunClosed, PrintRunService } from '@tiptop/game';
import { LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import type { PrintRunFailure } from './print-run.entity';
import { LeaseLost, PrintRunLedger, type TakenRun } from './print-run-ledger';

/** How often the progress is written, and with it the sign of life. */
const BEAT_MS = 1000;

interface Work {
  made: number;
  /** Ends the work: the service stops, or the run is not this process' any more. */
  readonly end: AbortController;
}

/** Makes the tickets of print runs, one run after the other, in the process that was asked. */
@Injectable()
export class PrintRunRunner implements BeforeApplicationShutdown {
  private readonly works = new Map<string, Work>();
  private queue: Promise<void> = Promise.resolve();
  private heart: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;

  constructor(
    private readonly printRuns: PrintRunService,
    private readonly ledger: PrintRunLedger,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Takes on a run that is recorded as queued. */
  take(run: TakenRun): void {
    const work: Work = { made: 0, end: new AbortController() };
    this.works.set(run.id, work);
    this.heart ??= setInterval(() => {
      this.beating ??= this.beat().finally(() => {
        this.beating = undefined;
      });
    }, BEAT_MS).unref();
    this.queue = this.queue.then(() => this.perform(run, work));
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const { end } of this.works.values()) end.abort();
    await this.queue;
    await this.beating;
  }

  private async perform(run: TakenRun, work: Work): Promise<void> {
    const { signal } = work.end;
    const log = { printRunId: run.id, contestId: run.contestId, count: run.count };
    try {
      signal.throwIfAborted();
      await this.ledger.begin(run.id);
      await this.printRuns.generate(
        run.contestId,
        run.count,
        (made) => {
          work.made = made;
        },
        { signal, finish: (manager) => this.ledger.finish(manager, run) },
      );
      this.logger.info(log, 'A print run is done');
    } catch (err) {
      await this.fail(run.id, signal.aborted || err instanceof LeaseLost ? 'INTERRUPTED' : reasonOf(err), err);
    } finally {
      this.works.delete(run.id);
      if (this.works.size === 0) {
        clearInterval(this.heart);
        this.heart = undefined;
      }
    }
  }

  private async fail(id: string, reason: PrintRunFailure, err: unknown): Promise<void> {
    if (reason === 'INTERNAL_ERROR') this.logger.error({ err, printRunId: id }, 'A print run failed');
    else this.logger.warn({ printRunId: id, reason }, 'A print run came to nothing');
    try {
      await this.ledger.fail(id, reason);
    } catch (error) {
      // Without a sign of life it is given up soon, by whoever looks.
      this.logger.warn({ err: error, printRunId: id }, 'The end of a print run could not be written down');
    }
  }

  private async beat(): Promise<void> {
    try {
      const mine = await this.ledger.beat(new Map([...this.works].map(([id, { made }]) => [id, made])));
      for (const [id, { end }] of this.works) if (!mine.has(id)) end.abort();
    } catch (err) {
      this.logger.warn({ err }, 'The progress of a print run could not be written down');
    }
  }
}

function reasonOf(error: unknown): PrintRunFailure {
  return error instanceof PrintRunClosed ? 'PRINT_RUN_CLOSED' : 'INTERNAL_ERROR';
}
