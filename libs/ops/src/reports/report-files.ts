import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { fileFailure } from '../archive/file-failure';
import { syncToDisk } from '../artifacts/hashed-file';
import { StepFailure } from '../backups/backup-source';
import { parseBackupId } from '../backups/backup-id';
import type { BackupReport } from '../backups/backup-report';
import { reportHtml } from './report-html';
import { parseReportName, REPORT_PARTS, REPORTS_FOLDER, reportName } from './report-name';

const DAY_MS = 86_400_000;
const KEPT_DAYS = 400;
/** Longer than any write takes: an unfinished file of that age is left over from a crash. */
const UNFINISHED_DAYS = 1;
/** More than any report has. */
const LONGEST_BYTES = 16 << 20;

/** Reports beside the backups: `BACKUP_DIR/reports/<id>.report.json` and `.html`. */
@Injectable()
export class ReportFiles {
  private readonly folder: string;

  constructor(
    { ops }: AppConfig,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.folder = join(ops.backupDir, REPORTS_FOLDER);
  }

  /**
   * Writes a report, each file whole or not at all and for this account alone; a second time in the place of the first.
   * Removes those of more than 400 days ago.
   * @returns its files
   * @throws StepFailure
   */
  async write(report: BackupReport): Promise<string[]> {
    requireId(report.id);
    const contents = { json: `${JSON.stringify(report, null, 2)}\n`, html: reportHtml(report) };
    const paths: string[] = [];
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      for (const part of REPORT_PARTS) paths.push(await this.replace(reportName(report.id, part), contents[part]));
      await syncToDisk(this.folder);
    } catch (error) {
      throw fileFailure(error, `The report of ${report.id} could not be written`);
    }
    await this.removeOld();
    return paths;
  }

  /**
   * @returns undefined where there is none
   * @throws StepFailure where it can't be read, or is none
   */
  async read(id: string): Promise<BackupReport | undefined> {
    requireId(id);
    const path = join(this.folder, reportName(id, 'json'));
    let text: string;
    try {
      const { size } = await stat(path);
      if (size > LONGEST_BYTES) throw new StepFailure(`${path} has ${size} bytes, which no report has`, false);
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw fileFailure(error, `The report of ${id} could not be read`);
    }
    const report = parsed(text);
    if (report?.id !== id) throw new StepFailure(`${path} is not the report of ${id}`, false);
    return report;
  }

  private async replace(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    const unfinished = join(this.folder, `.${name}.${randomUUID()}.tmp`);
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw error;
    }
    return path;
  }

  /** That an old report stays is no fault of the new one: it is told, and no more. */
  private async removeOld(): Promise<void> {
    try {
      const now = this.clock.now().getTime();
      for (const entry of await readdir(this.folder, { withFileTypes: true })) {
        const name = entry.isFile() ? parseReportName(entry.name) : undefined;
        if (!name) continue;
        const days = (now - name.at.getTime()) / DAY_MS;
        if (days > (name.unfinished ? UNFINISHED_DAYS : KEPT_DAYS)) await rm(join(this.folder, entry.name));
      }
    } catch (err) {
      this.logger.warn({ err }, 'Old reports could not be removed');
    }
  }
}

/** A path is never made of anything else. */
function requireId(id: string): void {
  if (!parseBackupId(id)) throw new StepFailure(`${JSON.stringify(id)} is no backup’s name`, false);
}

function parsed(text: string): BackupReport | undefined {
  try {
    const value = JSON.parse(text) as BackupReport | null;
    const lists = [value?.steps, value?.copies, value?.artifacts, value?.recipients, value?.warnings, value?.removed];
    return value !== null && lists.every(Array.isArray) ? value : undefined;
  } catch {
    return undefined;
  }
}
