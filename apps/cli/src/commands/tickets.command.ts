import { ContestsService, PrintRunService, TICKET_STATUSES, type TicketStatus } from '@tiptop/game';
import { AuditLog } from '@tiptop/platform';
import { Command, Option, SubCommand } from 'nest-commander';
import { type CsvSource, openCsv } from '../input/csv-source';
import { MAX_TICKETS_AT_ONCE, oneOf, wholeNumber } from '../options/options';
import { exportAsJson } from '../output/export-json';
import { type ProgressView, showProgress } from '../output/progress';
import { CliCommand, CommandGroup } from './cli-command';
import { contestDeed } from './contest-deed';

abstract class TicketsCommandBase extends CliCommand {
  @Option({ flags: '--contest <slug>', description: 'which contest', required: true })
  parseContest(text: string): string {
    return text;
  }
}

@SubCommand({ name: 'generate', description: 'Add tickets with new codes to a contest that has not begun' })
export class TicketsGenerate extends TicketsCommandBase {
  override async run(_: string[], { contest: slug, count }: { contest: string; count: number }): Promise<void> {
    const contest = await (await this.backend.get(ContestsService)).bySlug(slug);
    const printRuns = await this.backend.get(PrintRunService);
    const audit = await this.backend.get(AuditLog);
    const progress = showProgress(this.output.stderr, 'Generating tickets', count);
    try {
      await printRuns.generate(contest.id, count, progress.update, {
        finish: (manager) => audit.record(manager, contestDeed('print-run-done', contest.id, { count })),
      });
    } finally {
      progress.stop();
    }
    this.output.result({ contest: slug, added: count }, `Added ${count} tickets to ${slug}`);
  }

  @Option({ flags: '--count <count>', description: 'how many', required: true })
  parseCount(text: string): number {
    return wholeNumber('--count', text, { min: 1, max: MAX_TICKETS_AT_ONCE });
  }
}

@SubCommand({
  name: 'import',
  description: 'Add the codes of a CSV file to a contest, all of them or none',
  arguments: '<file>',
  argsDescription: { file: 'with a column "code", or the codes in the first one; - reads stdin' },
})
export class TicketsImport extends TicketsCommandBase {
  override async run([file = '']: string[], { contest: slug }: { contest: string }): Promise<void> {
    const source = await openCsv(file, this.stdin.stream);
    try {
      const contest = await (await this.backend.get(ContestsService)).bySlug(slug);
      const added = await this.import(contest.id, source);
      this.output.result({ contest: slug, added }, `Added ${added} tickets to ${slug}`);
    } finally {
      source.stream.destroy();
    }
  }

  private async import(contestId: string, { stream, size, bytesRead }: CsvSource): Promise<number> {
    const printRuns = await this.backend.get(PrintRunService);
    const audit = await this.backend.get(AuditLog);
    let progress: ProgressView | undefined;
    if (size) progress = showProgress(this.output.stderr, 'Reading codes', size);
    try {
      return await printRuns.import(
        contestId,
        stream,
        () => progress?.update(bytesRead()),
        (manager, count) => audit.record(manager, contestDeed('tickets-imported', contestId, { count })),
      );
    } finally {
      progress?.stop();
    }
  }
}

@SubCommand({ name: 'export', description: 'Write the tickets of a contest to stdout, as CSV' })
export class TicketsExport extends TicketsCommandBase {
  override async run(
    _: string[],
    { contest: slug, status, limit }: { contest: string; status?: TicketStatus; limit?: number },
  ): Promise<void> {
    const contest = await (await this.backend.get(ContestsService)).bySlug(slug);
    const printRuns = await this.backend.get(PrintRunService);
    const audit = await this.backend.get(AuditLog);
    // Written before the first code leaves: whoever has them could play them.
    const details = { status: status ?? null, limit: limit ?? null };
    await audit.recordApart(contestDeed('codes-exported', contest.id, details));
    const target = this.output.beginStream();
    if (this.output.json) {
      await exportAsJson(slug, target, (csv) => printRuns.export(contest.id, csv, { status, limit }));
    } else {
      await printRuns.export(contest.id, target, { status, limit });
    }
    this.output.endStream();
  }

  @Option({ flags: '--status <status>', description: TICKET_STATUSES.join(', ') })
  parseStatus(text: string): TicketStatus {
    return oneOf('--status', text, TICKET_STATUSES);
  }

  @Option({ flags: '--limit <count>', description: 'at most so many' })
  parseLimit(text: string): number {
    return wholeNumber('--limit', text, { min: 1, max: Number.MAX_SAFE_INTEGER });
  }
}

@Command({
  name: 'tickets',
  description: 'The tickets of a contest',
  subCommands: [TicketsGenerate, TicketsImport, TicketsExport],
})
export class TicketsCommand extends CommandGroup {}
