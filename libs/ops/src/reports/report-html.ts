import Handlebars from 'handlebars';
import type { BackupReport } from '../backups/backup-report';
import { REPORT_TEMPLATE } from './report-template';
import { type ReportView, viewOf } from './report-view';

// Whatever a value holds is shown, and never read as markup; a name that is missing from the view throws.
const page = Handlebars.compile<ReportView>(REPORT_TEMPLATE, { strict: true, knownHelpersOnly: true });

/** The report as a page that stands by itself. */
export function reportHtml(report: BackupReport): string {
  return page(viewOf(report));
}
