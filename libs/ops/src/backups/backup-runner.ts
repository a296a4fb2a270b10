import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { Alerts } from '../alerts/alerts';
import { LocalBackups } from '../local/local-backups';
import { OperationLease } from '../schedule/operation-lease';
import { BackupMaker } from './backup-maker';
import type { BackupRun } from './backup-run.entity';
import { BackupRuns, type RunObserver, type RunRequest } from './backup-runs';
import { RunRegistry } from './run-registry';

const NOBODY: RunObserver = { progress: () => undefined, finished: () => undefined };

/** What has become of what a dead run has made. */
const NOTHING = 'what was left of it was removed. It counts nowhere.';
const WHOLE = 'its archive was in its place already, with its manifest: it stays, and counts wherever it is whole.';

/** Makes backups, one at a time in an installation, and clears up after those that died. */
@Injectable()
export class BackupRunner extends BackupRuns {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly lease: OperationLease,
    private readonly registry: RunRegistry,
    private readonly local: LocalBackups,
    private readonly maker: BackupMaker,
    private readonly alerts: Alerts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  async run(request: RunRequest): Promise<BackupRun | undefined> {
    return this.lease.hold('backup', request.signal, async (signal, owner) =>
      this.runWithin(owner, { ...request, signal }),
    );
  }

  async runWithin(owner: string, request: RunRequest): Promise<BackupRun | undefined> {
    await this.bury();
    const run = await this.registry.begin(request, owner);
    if (!run) return undefined;
    this.logger.info({ backup: run.id, trigger: run.trigger, host: hostname() }, 'The backup begins');
    await this.maker.make(run, request.signal, request.observer ?? NOBODY);
    return run;
  }

  async recover(signal: AbortSignal): Promise<void> {
    await this.lease.hold('backup', signal, async () => this.bury());
  }

  private async bury(): Promise<void> {
    const dead = await this.registry.buryDead();
    for (const id of await this.local.sweep({ dead: dead.map(({ id }) => id) })) {
      this.logger.info({ backup: id }, 'What was left of a dead run was removed');
    }
    if (dead.length === 0) return;
    const { backups } = await this.local.list();
    for (const { id, step, reason } of dead) {
      const isWhole = backups.some((backup) => backup.id === id);
      await this.alerts.send({
        level: 'failure',
        subject: `Backup ${id} died in the step ${step ?? 'before the first'}`,
        text: `${reason ?? ''}. Found at ${this.clock.now().toISOString()}; ${isWhole ? WHOLE : NOTHING}`,
        facts: { environment: this.config.ops.environment, backup: id, step: step ?? 'none' },
      });
    }
  }
}
