import { PassThrough, pipeline, type Readable } from 'node:stream';
import { Inject, Injectable, StreamableFile } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import { ContestNotFound, ContestRegistry } from '@tiptop/game';
import {
  AppConfig,
  type AuditDetails,
  AuditLog,
  calendarDay,
  Clock,
  isSmokeId,
  LOGGER,
  type Language,
} from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import type { QueriedTable } from './column';
import { csvFile } from './csv-file';
import { Downloads } from './downloads';
import type { FileQuery } from './dto/file.query';
import type { ParticipantExportQuery } from './dto/participant-export.query';
import type { ReportQuery } from './dto/report.query';
import type { TicketExportQuery } from './dto/ticket-export.query';
import { ExportSession } from './export-session';
import { CSV_TYPE, XLSX_TYPE } from './media-types';
import { Pace } from './pace';
import { participantSheet } from './participant.sheet';
import { ReportReader } from './report/report-reader';
import { reportSheets } from './report/report.sheets';
import { ticketSheet } from './ticket-table.sheet';
import { Workbook } from './xlsx/workbook';

type Subject = 'tickets' | 'participants' | 'report';

/** A file that somebody asks for. */
interface Order {
  by: Account;
  subject: Subject;
  language: Language;
  format: FileQuery['format'];
  /** For the audit log: identifiers and choices, nothing that was typed. */
  details: AuditDetails;
  write: (session: ExportSession) => Readable | Promise<Readable>;
}

const FILE_NAMES: Readonly<Record<Language, Record<Subject, string>>> = {
  fr: { tickets: 'tickets', participants: 'participants', report: 'rapport' },
  en: { tickets: 'tickets', participants: 'participants', report: 'report' },
};

/** What administrators take out of the service as files. */
@Injectable()
export class ExportsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly downloads: Downloads,
    private readonly contests: ContestRegistry,
    private readonly reports: ReportReader,
    private readonly audit: AuditLog,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws TooManyExports */
  async tickets(by: Account, query: TicketExportQuery, language: Language): Promise<StreamableFile> {
    const { status, from, to, period, prizeId, playerId, storeId, contestId, search = '' } = query;
    return this.file({
      by,
      subject: 'tickets',
      language,
      format: query.format,
      details: {
        ...known({ status, from, to, period, prizeId, playerId, storeId, contestId }),
        searched: search.trim() !== '',
      },
      write: (session) => this.table(session, ticketSheet(query, language, session.place, this.config.timeZone), query),
    });
  }

  /** @throws TooManyExports */
  async participants(by: Account, query: ParticipantExportQuery, language: Language): Promise<StreamableFile> {
    const { contestId } = query;
    const filter = { mailing: query.newsletter === 'true', contestId };
    return this.file({
      by,
      subject: 'participants',
      language,
      format: query.format,
      details: { newsletter: filter.mailing, ...known({ contestId }) },
      write: (session) =>
        this.table(session, participantSheet(filter, language, session.place, this.config.timeZone), query),
    });
  }

  /** @throws ContestNotFound, TooManyExports */
  async report(by: Account, query: ReportQuery, language: Language): Promise<StreamableFile> {
    const loaded =
      query.contestId === undefined ? await this.contests.current() : await this.contests.find(query.contestId);
    if (!loaded || isSmokeId(loaded.contest.id)) throw new ContestNotFound();
    const { id } = loaded.contest;
    return this.file({
      by,
      subject: 'report',
      language,
      format: 'xlsx',
      details: { contestId: id },
      write: async (session) => {
        const facts = await this.reports.read(id, session);
        return this.workbook(session, reportSheets(facts, language, this.config.timeZone));
      },
    });
  }

  private async file(order: Order): Promise<StreamableFile> {
    const { by, subject, language, format, details } = order;
    const entry = {
      actor: by,
      subject: { type: 'export', id: subject },
      details: { format, ...details },
    };
    const stream = await this.audit.watch({ action: 'export-refused', ...entry }, ['TOO_MANY_EXPORTS'], async () =>
      this.downloads.begin(async () => {
        // Written before a byte leaves: whoever breaks the download off has had a part of it.
        await this.audit.recordApart({ action: 'export', ...entry });
        return this.open(order);
      }),
    );
    const name = `${FILE_NAMES[language][subject]}-${calendarDay(this.clock.now(), this.config.timeZone)}`;
    return new StreamableFile(stream, {
      type: format === 'csv' ? CSV_TYPE : XLSX_TYPE,
      disposition: `attachment; filename="${name}.${format}"`,
    });
  }

  private async open({ subject, write }: Order): Promise<Readable> {
    const session = await ExportSession.open(this.config.databaseUrl ?? '', this.dataSource);
    const close = (): void => {
      session.close().catch((err: unknown) => {
        this.logger.warn({ err }, 'The connection of an export did not close');
      });
    };
    try {
      const stream = await write(session);
      stream.once('error', (err) => {
        this.logger.warn({ err, subject }, 'An export was cut off');
      });
      stream.once('close', close);
      return stream;
    } catch (error) {
      close();
      throw error;
    }
  }

  private table(session: ExportSession, table: QueriedTable, { format, separator }: FileQuery): Readable {
    if (format === 'xlsx') return this.workbook(session, [table]);
    const { timeZone } = this.config;
    const csv = csvFile(session, table, { separator, timeZone, pace: new Pace() });
    // Closes at once when it is destroyed, while a generator would first wait for its next row.
    return pipeline(csv, new PassThrough(), () => undefined);
  }

  private workbook(session: ExportSession, tables: Parameters<typeof Workbook.write>[1]): Readable {
    return Workbook.write(session, tables, {
      timeZone: this.config.timeZone,
      pace: new Pace(),
      madeAt: this.clock.now(),
    });
  }
}

/** The values that were given. */
function known(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
