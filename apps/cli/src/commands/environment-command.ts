import type { Deployment, RunObserver } from '@tiptop/ops';
import { OPS_ENVIRONMENTS, type OpsEnvironment } from '@tiptop/platform';
import { CommandError, UsageError } from '../failures/cli-error';
import { NO_PROGRESS, showBackupProgress } from '../output/backup-progress';
import { deploymentDocument, deploymentExit, deploymentText } from '../output/deployment-text';
import { CliCommand } from './cli-command';

/** A rollback that a signal has set off is let go on for so long: it is what keeps the service up. */
const ROLLBACK_MS = 600_000;

/** What changes what serves in an environment. */
export abstract class EnvironmentCommand extends CliCommand {
  /** Its name is typed so that nobody deploys with the settings of another one. @throws UsageError, CommandError */
  protected requireEnvironment(env: OpsEnvironment | undefined): void {
    if (env === undefined) throw new UsageError(`--env is missing: ${OPS_ENVIRONMENTS.join(', ')}.`);
    const { environment } = this.backend.config.ops;
    if (environment === env) return;
    throw new CommandError(
      'WRONG_ENVIRONMENT',
      `The settings are those of ${environment} (OPS_ENVIRONMENT), not of ${env}.`,
    );
  }

  protected async show(work: (signal: AbortSignal, observer: RunObserver) => Promise<Deployment>): Promise<void> {
    const row = await this.watched(work);
    this.output.result(deploymentDocument(row), deploymentText(row), deploymentExit(row));
  }

  protected async watched<T>(work: (signal: AbortSignal, observer: RunObserver) => Promise<T>): Promise<T> {
    const progress = this.output.json ? NO_PROGRESS : showBackupProgress(this.output.stderr);
    try {
      return await this.backend.interruptibly(async (signal) => work(signal, progress), ROLLBACK_MS);
    } finally {
      progress.stop();
    }
  }
}
