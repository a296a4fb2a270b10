import { PassThrough } from 'node:stream';
import { Inject, Injectable, StreamableFile } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import { ContestEditor, ContestRegistry, ContestsService, PrintRunService } from '@tiptop/game';
import { AuditLog, type AuditDetails, Clock, DomainError, LOGGER, ValidationFailed } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { AdminContestReader } from './contest-reader';
import type { AdminContestResponse } from './dto/admin-contest.response';
import type { CreateContestRequest } from './dto/create-contest.request';
import type { UpdateContestRequest } from './dto/update-contest.request';

/** What administrators do with contests, each act with its entry in the audit log. */
@Injectable()
export class ContestAdministration {
  constructor(
    private readonly dataSource: DataSource,
    private readonly contests: ContestsService,
    private readonly editor: ContestEditor,
    private readonly registry: ContestRegistry,
    private readonly reader: AdminContestReader,
    private readonly printRuns: PrintRunService,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws ContestSlugTaken, ValidationFailed */
  async create(admin: Account, request: CreateContestRequest): Promise<AdminContestResponse> {
    const { startsAt, endsAt, claimEndsAt, checkedCodes = true, ...terms } = request;
    const dates = { startsAt: new Date(startsAt), endsAt: new Date(endsAt), claimEndsAt: new Date(claimEndsAt) };
    if (dates.claimEndsAt <= this.clock.now()) {
      throw new ValidationFailed([{ path: 'claimEndsAt', message: 'dates.past' }]);
    }
    const refusal = {
      action: 'contest-change-refused',
      actor: admin,
      details: { attempt: 'contest-created' },
    } as const;
    const { id } = await this.audit.watch(refusal, ['CONTEST_SLUG_TAKEN'], async () =>
      this.dataSource.transaction(async (manager) => {
        const contest = await this.contests.add(manager, { ...terms, ...dates, checkedCodes });
        await this.audit.record(manager, {
          action: 'contest-created',
          actor: admin,
          subject: { type: 'contest', id: contest.id },
          details: { prizes: terms.prizes.length },
        });
        return contest;
      }),
    );
    await this.registry.reload();
    return this.reader.get(id);
  }

  /**
   * All of the changes or none.
   * @throws ContestNotFound, ValidationFailed, ContestOver, ContestRunning, DeckSealed, PrintRunUnderWay
   */
  async update(admin: Account, id: string, request: UpdateContestRequest): Promise<AdminContestResponse> {
    const { startsAt, endsAt, claimEndsAt, name, prizes } = request;
    const subject = { type: 'contest', id };
    const details = detailsOf(request);
    await this.reader.get(id);
    try {
      await this.dataSource.transaction(async (manager) => {
        await this.editor.edit(manager, id, {
          name,
          prizes,
          startsAt: startsAt === undefined ? undefined : new Date(startsAt),
          endsAt: endsAt === undefined ? undefined : new Date(endsAt),
          claimEndsAt: claimEndsAt === undefined ? undefined : new Date(claimEndsAt),
        });
        await this.audit.record(manager, { action: 'contest-updated', actor: admin, subject, details });
      });
    } catch (error) {
      if (error instanceof DomainError && !(error instanceof ValidationFailed)) {
        const refusal = { attempt: 'contest-updated', ...details, reason: error.code };
        await this.audit.recordApart({ action: 'contest-change-refused', actor: admin, subject, details: refusal });
      }
      throw error;
    }
    await this.registry.reload();
    return this.reader.get(id);
  }

  /**
   * The codes that nobody has played, as the command line writes them.
   * @throws ContestNotFound
   */
  async unplayedCodes(admin: Account, id: string): Promise<StreamableFile> {
    const { slug } = await this.reader.get(id);
    // Written before the first code leaves: whoever has them all could play them.
    await this.audit.recordApart({ action: 'codes-exported', actor: admin, subject: { type: 'contest', id } });
    const file = new PassThrough();
    file.on('error', (err) => {
      this.logger.warn({ err, contestId: id }, 'An export of codes broke off');
    });
    this.printRuns.export(id, file, { status: 'unclaimed' }).then(
      () => file.end(),
      // Where the client is gone there is nobody left to tell.
      (error: unknown) => file.destroyed || file.destroy(error as Error),
    );
    return new StreamableFile(file, {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="${slug}-codes.csv"`,
    });
  }
}

/** Which fields were to be changed, and the dates. */
function detailsOf(request: UpdateContestRequest): AuditDetails {
  const { startsAt, endsAt, claimEndsAt } = request;
  const dates = Object.entries({ startsAt, endsAt, claimEndsAt }).filter(([, value]) => value !== undefined);
  const fields = Object.entries(request).flatMap(([field, value]: [string, unknown]) =>
    value === undefined ? [] : [field],
  );
  return { fields, ...(Object.fromEntries(dates) as Record<string, string>) };
}
