import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, PG_POOL } from '@tiptop/platform';
import type { Pool } from 'pg';
import { readGaps, rpo } from './backup-figures';
import { countDeployments, deployFrequency, deploySuccessRate, mttr } from './deployment-figures';
import type { KpiSet } from './kpi';
import { readTrials, rto } from './restore-figures';

const DAY_MS = 86_400_000;

export const DEFAULT_DAYS = 30;
export const MOST_DAYS = 366;

/** The key figures of operations, from the rows of what was done. */
@Injectable()
export class Kpis {
  private readonly environment: string;

  constructor(
    @Inject(PG_POOL) private readonly pool: Pool,
    { ops }: AppConfig,
    private readonly clock: Clock,
  ) {
    this.environment = ops.environment;
  }

  /** @param days of 24 hours, up to now */
  async over(days: number): Promise<KpiSet> {
    const now = this.clock.now();
    const period = { environment: this.environment, since: new Date(now.getTime() - days * DAY_MS), now };
    const [deployments, gaps, trials] = await Promise.all([
      countDeployments(this.pool, period),
      readGaps(this.pool, period),
      readTrials(this.pool, period),
    ]);
    return {
      rto: rto(trials, period),
      rpo: rpo(gaps, period),
      mttr: mttr(deployments, period),
      deployFrequency: deployFrequency(deployments, period),
      deploySuccessRate: deploySuccessRate(deployments, period),
    };
  }
}
