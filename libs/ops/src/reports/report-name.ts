import { parseBackupId } from '../backups/backup-id';

/** Below BACKUP_DIR. */
export const REPORTS_FOLDER = 'reports';

export const REPORT_PARTS = ['json', 'html'] as const;
export type ReportPart = (typeof REPORT_PARTS)[number];

const NAME = /^([a-z]+(?:-[a-z]+)*-\d{8}T\d{6}Z)\.report\.(?:json|html)$/;
const UNFINISHED = /^\.(.+)\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** `daily-20261122T020000Z.report.json` */
export function reportName(id: string, part: ReportPart): string {
  return `${id}.report.${part}`;
}

/**
 * Of which backup a file is the report, or was to be.
 * @returns undefined for every name that is not ours
 */
export function parseReportName(name: string): { id: string; at: Date; unfinished: boolean } | undefined {
  const whole = UNFINISHED.exec(name)?.[1];
  const id = NAME.exec(whole ?? name)?.[1];
  const backup = id === undefined ? undefined : parseBackupId(id);
  return id !== undefined && backup ? { id, at: backup.at, unfinished: whole !== undefined } : undefined;
}
