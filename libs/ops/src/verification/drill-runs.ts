import { Inject, Injectable } from '@nestjs/common';
import { LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DrillRuns } from '../schedule/drill-runs';
import { OperationLease } from '../schedule/operation-lease';
import { Drill } from './drill';
import type { DrillOutcome, DrillRequest } from './drill-outcome';

/** Drills, while nothing else is at work on this installation. */
@Injectable()
export class LeasedDrills extends DrillRuns {
  constructor(
    private readonly lease: OperationLease,
    private readonly drills: Drill,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  /** For the calendar. @throws what {@link drill} does */
  async run(signal: AbortSignal): Promise<void> {
    const { status, detail } = await this.drill({ signal });
    const level = status === 'passed' || status === 'disabled' ? 'info' : 'warn';
    this.logger[level]({ status }, detail);
  }

  /**
   * For whoever wants to see how it went.
   * @throws OperationUnderWay; StepFailure where it was stopped, by its signal or because the lease was lost
   */
  async drill(request: DrillRequest): Promise<DrillOutcome> {
    return this.lease.hold('drill', request.signal, async (signal) => this.drills.run({ ...request, signal }));
  }
}
