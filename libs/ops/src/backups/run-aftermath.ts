import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { type Alert, Alerts } from '../alerts/alerts';
import { ReportFiles } from '../reports/report-files';
import { reportHtml } from '../reports/report-html';
import { reportText } from '../reports/report-text';
import { BackupCalendar } from '../schedule/backup-calendar';
import { fileSystemOf } from '../space/free-space';
import type { BackupReport } from './backup-report';
import type { BackupRun } from './backup-run.entity';
import { RunRegistry } from './run-registry';
import type { RunSteps, StepResult } from './run-steps';

const MS = 1000;

export interface RunOver {
  run: BackupRun;
  steps: RunSteps;
  removed: BackupReport['removed'];
}

/** What follows a run, however it went: its report, the notification, and its row. */
@Injectable()
export class RunAftermath {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly registry: RunRegistry,
    private readonly reports: ReportFiles,
    private readonly calendar: BackupCalendar,
    private readonly alerts: Alerts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async conclude(over: RunOver): Promise<void> {
    const { run, steps } = over;
    const first = await this.reportOf(over);
    await steps.after('report', async () => this.write(first)).catch(() => undefined);
    await this.notify(over);
    // Once more, now that it is known who was told.
    const report = await this.reportOf(over);
    await this.write(report).catch((err: unknown) => {
      this.logger.warn({ err, backup: run.id }, 'The report could not be written');
    });
    const { status, finishedAt } = report;
    Object.assign(run, { status, finishedAt: new Date(finishedAt), report, step: null, steps: report.steps });
    const trouble = await this.registry.finish(run);
    if (trouble !== undefined) {
      await this.alerts.send({
        level: 'warning',
        subject: `Backup ${run.id}: its end could not be written down`,
        text: `The run itself ended as ${status}${run.manifest ? ', and its backup is known by its manifest' : ''}. The database said: ${trouble}`,
        facts: { environment: run.environment, backup: run.id, step: 'record', cause: trouble },
      });
    }
    this.logger.info({ backup: run.id, status, reason: run.reason }, 'The backup is over');
  }

  private async write(report: BackupReport): Promise<StepResult<undefined>> {
    await this.reports.write(report);
    return { value: undefined, detail: 'JSON and HTML' };
  }

  private async notify(over: RunOver): Promise<void> {
    const { steps, run } = over;
    const { alertEmails, alertWebhookUrl, environment } = this.config.ops;
    if (alertEmails.length === 0 && alertWebhookUrl === undefined) {
      await steps.skip('notify', 'disabled', 'ALERT_EMAILS and ALERT_WEBHOOK_URL are not set');
      return;
    }
    const report = await this.reportOf(over);
    const alert: Alert = {
      level: LEVELS[report.status],
      subject: `Backup ${run.id} ${IN_WORDS[report.status]}`,
      text: run.reason ?? reportText(report),
      html: reportHtml(report),
      facts: { environment, backup: run.id, ...causeOf(report) },
    };
    await steps
      .after('notify', async () => {
        const failed = await this.alerts.send(alert);
        const warnings = failed.map((channel) => `${channel} could not be told`);
        return { value: undefined, detail: 'sent', warnings };
      })
      .catch(() => undefined);
  }

  private async reportOf({ run, steps, removed }: RunOver): Promise<BackupReport> {
    const { id, environment, kind, trigger, startedAt, manifest, copies, reason } = run;
    const finishedAt = this.clock.now();
    const free = await fileSystemOf(this.config.ops.backupDir).catch(() => undefined);
    return {
      id,
      environment,
      kind,
      trigger,
      status: statusOf(run, steps),
      startedAt: startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      seconds: (finishedAt.getTime() - startedAt.getTime()) / MS,
      steps: [...steps.reports],
      copies,
      archive: manifest ? { bytes: manifest.archive.bytes, sha256: manifest.archive.sha256 } : null,
      artifacts: manifest?.artifacts ?? [],
      rows: manifest ? Object.values(manifest.database.rows).reduce((sum, n) => sum + n, 0) : null,
      migration: manifest?.database.migration ?? null,
      tools: manifest?.tools ?? {},
      recipients: manifest?.recipients ?? [],
      warnings: manifest?.warnings ?? [],
      quarantined: manifest?.quarantined ?? null,
      reason,
      removed,
      freeBytes: free?.freeBytes ?? null,
      nextAt: this.config.ops.scheduler ? (this.calendar.next(finishedAt)?.toISOString() ?? null) : null,
    };
  }
}

const LEVELS = { succeeded: 'success', degraded: 'warning', failed: 'failure' } as const;
const IN_WORDS = {
  succeeded: 'is made and verified',
  degraded: 'is made, and needs a look',
  failed: 'HAS FAILED',
} as const;

function statusOf({ reason, manifest }: BackupRun, { reports }: RunSteps): BackupReport['status'] {
  if (reason !== null || !manifest) return 'failed';
  const sound = reports.every(({ status }) => status === 'passed' || status === 'disabled');
  return sound && manifest.warnings.length === 0 ? 'succeeded' : 'degraded';
}

function causeOf({ steps, reason }: BackupReport): Record<string, string> {
  const fault = steps.find(({ status }) => status === 'failed') ?? steps.find(({ status }) => status === 'degraded');
  if (!fault) return reason === null ? {} : { cause: reason };
  return { step: fault.name, cause: fault.detail };
}
