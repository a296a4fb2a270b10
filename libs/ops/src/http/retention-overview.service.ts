import { stat } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { Pruner } from '../retention/pruner';
import type { RetentionPlanResponse } from './dto/retention-plan.response';

/** Asking stores takes seconds, not minutes; nobody waits longer for a page. */
const ASK_MS = 30_000;

const ELSEWHERE =
  'This instance has neither the backup folder nor a store, so that there is nothing to plan for: ' +
  '"tiptop backup prune" where OPS_SCHEDULER is on explains what is kept and removed.';

/** What pruning would do, as the instance that is asked sees it. */
@Injectable()
export class RetentionOverviewService {
  constructor(
    private readonly pruner: Pruner,
    private readonly config: AppConfig,
  ) {}

  async plan(): Promise<RetentionPlanResponse> {
    const plan = await this.pruner.plan(AbortSignal.timeout(ASK_MS));
    return { ...plan, note: (await this.seesNothing()) ? ELSEWHERE : null };
  }

  /** So it is with the instance that faces the internet: an empty plan would read as if there were no backups. */
  private async seesNothing(): Promise<boolean> {
    const { scheduler, s3, sftp, backupDir } = this.config.ops;
    if (scheduler || s3 || sftp) return false;
    const folder = await stat(backupDir).catch(() => undefined);
    return folder === undefined;
  }
}
