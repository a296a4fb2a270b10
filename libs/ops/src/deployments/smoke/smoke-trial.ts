import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { StepFailure } from '../../backups/backup-source';
import type { Underway } from '../deployment-watch';
import { SmokeJourney, type SmokeReport } from './smoke-journey';
import { SmokeStage } from './smoke-stage';

const NEVER = new AbortController().signal;

/** A smoke journey with its stage set before and struck after. */
@Injectable()
export class SmokeTrial {
  constructor(
    private readonly config: AppConfig,
    private readonly stage: SmokeStage,
    private readonly journey: SmokeJourney,
  ) {}

  /**
   * Through the address that the world uses.
   * @returns one line for the report
   * @throws SmokeFailure, StepFailure
   */
  async run(underway: Underway): Promise<string> {
    const { publicUrl } = this.config;
    if (publicUrl === undefined) throw new StepFailure('PUBLIC_URL is not set', false);
    const { steps } = await this.at(publicUrl, underway);
    return steps.map(({ name }) => name).join(', ');
  }

  /** @throws SmokeFailure, and the database's faults */
  async at(baseUrl: string, underway: Underway): Promise<SmokeReport> {
    underway.progress('setting the stage');
    const cast = await this.stage.prepare(underway.signal);
    try {
      return await this.journey.run({ baseUrl, cast }, underway);
    } finally {
      // Whatever became of it: nobody shall find these people's doors open.
      await this.stage.strike(NEVER);
    }
  }
}
