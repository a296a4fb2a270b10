import { stepTitle } from '../alerts/alert-words';
import { oneLine, plainLines } from '../alerts/plain-text';
import { bytesInWords } from '../artifacts/bytes-in-words';
import type { BackupReport } from '../backups/backup-report';
import type { BackupCopy, RunTrigger } from '../backups/backup-run.entity';
import type { StepReport } from '../backups/manifest';
import { countInWords, durationInWords, momentUtc } from './report-words';

/** How a part of the report is marked. `off` is neither good nor bad: it was not done. */
export type Mark = 'good' | 'attention' | 'bad' | 'off';

/** Something with a verdict. */
export interface MarkedItem {
  mark: Mark;
  /** The verdict in a word: no reader depends on a colour. */
  word: string;
  title: string;
  /** Time taken, tries. */
  note: string;
  detail: string;
}

/** What a reader of a report is told, in its order; the text and the HTML differ in nothing but their form. */
export interface ReportView {
  title: string;
  mark: Mark;
  word: string;
  facts: readonly { label: string; value: string }[];
  /** What nobody may overlook. */
  notices: readonly { mark: Mark; label: string; lines: readonly string[] }[];
  steps: readonly MarkedItem[];
  copies: readonly MarkedItem[];
  artifacts: readonly { path: string; size: string; sha256: string }[];
  removed: readonly { place: string; id: string; why: string }[];
  recipients: readonly string[];
  tools: readonly string[];
}

const MARKS: Readonly<Record<BackupReport['status'] | StepReport['status'], Mark>> = {
  succeeded: 'good',
  passed: 'good',
  degraded: 'attention',
  failed: 'bad',
  disabled: 'off',
};

const TRIGGERS: Readonly<Record<RunTrigger, string>> = {
  schedule: 'by the calendar',
  'catch-up': 'by the calendar, late: its time was missed',
  manual: 'by hand',
  deployment: 'before a deployment',
};

export function viewOf(report: BackupReport): ReportView {
  const word = report.status.toUpperCase();
  return {
    title: `Backup ${oneLine(report.id)}`,
    mark: MARKS[report.status],
    word,
    facts: factsOf(report),
    notices: noticesOf(report),
    steps: report.steps.map(stepOf),
    copies: report.copies.map(copyOf),
    artifacts: report.artifacts.map(({ path, bytes, sha256 }) => ({
      path: oneLine(path),
      size: bytesInWords(bytes),
      sha256: oneLine(sha256),
    })),
    removed: report.removed.map(({ place, id, why }) => ({
      place: oneLine(place),
      id: oneLine(id),
      why: oneLine(why),
    })),
    recipients: report.recipients.map((recipient) => oneLine(recipient)),
    tools: Object.entries(report.tools).map(([name, version]) => oneLine(`${name} ${version}`)),
  };
}

function factsOf(report: BackupReport): ReportView['facts'] {
  const { archive, rows, migration, freeBytes, nextAt } = report;
  return [
    { label: 'Environment', value: oneLine(report.environment) },
    { label: 'Kind', value: `${report.kind}, ${TRIGGERS[report.trigger]}` },
    { label: 'Started', value: momentUtc(report.startedAt) },
    { label: 'Finished', value: `${momentUtc(report.finishedAt)}, after ${durationInWords(report.seconds)}` },
    { label: 'Archive', value: archive ? bytesInWords(archive.bytes) : 'none was made' },
    ...(archive ? [{ label: 'SHA-256', value: oneLine(archive.sha256) }] : []),
    { label: 'Rows', value: rows === null ? 'not known' : countInWords(rows) },
    { label: 'Migration', value: migration === null ? 'none' : oneLine(migration) },
    { label: 'Space left', value: freeBytes === null ? 'not known' : bytesInWords(freeBytes) },
    { label: 'Next run', value: nextAt === null ? 'none is planned' : momentUtc(nextAt) },
  ];
}

function noticesOf({ reason, quarantined, warnings }: BackupReport): ReportView['notices'] {
  const notices: { mark: Mark; label: string; lines: string[] }[] = [];
  if (reason !== null) notices.push({ mark: 'bad', label: 'Reason', lines: [oneLine(reason)] });
  if (quarantined !== null) {
    const lines = [oneLine(quarantined), 'It fills no slot of the retention, and replaces no other backup.'];
    notices.push({ mark: 'bad', label: 'Quarantined', lines });
  }
  if (warnings.length > 0) {
    notices.push({ mark: 'attention', label: 'Warnings', lines: warnings.map((warning) => oneLine(warning)) });
  }
  return notices;
}

function stepOf({ name, status, startedAt, finishedAt, attempts, detail }: StepReport): MarkedItem {
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const tries = attempts > 1 ? `, ${attempts} attempts` : '';
  return {
    mark: MARKS[status],
    word: status.toUpperCase(),
    title: stepTitle(oneLine(name), 'en'),
    note: status === 'disabled' || Number.isNaN(seconds) ? '' : `${durationInWords(seconds)}${tries}`,
    detail: plainLines(detail),
  };
}

function copyOf({ place, verified, verifiedAt, detail }: BackupCopy): MarkedItem {
  return {
    mark: verified ? 'good' : 'bad',
    word: verified ? 'VERIFIED' : 'NOT VERIFIED',
    title: oneLine(place),
    note: verified && verifiedAt !== null ? momentUtc(verifiedAt) : '',
    detail: plainLines(detail),
  };
}
