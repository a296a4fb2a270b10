import { Injectable } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import { Contest, ContestNotFound, PrintRunService, PrintRunUnderWay } from '@tiptop/game';
import {
  AuditLog,
  Clock,
  decodeCursor,
  DomainError,
  isSmokeId,
  isUniqueViolation,
  type PageQuery,
  toPage,
  ValidationFailed,
} from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager } from 'typeorm';
import { type PrintRunListResponse, type PrintRunResponse, toPrintRunResponse } from './dto/print-run.response';
import { PrintRun } from './print-run.entity';
import { PrintRunNotFound } from './print-run.errors';
import { PrintRunLedger, subjectOf } from './print-run-ledger';
import { PrintRunRunner } from './print-run-runner';

/** Print runs as administrators ask for them and look after them. */
@Injectable()
export class PrintRunsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly printRuns: PrintRunService,
    private readonly ledger: PrintRunLedger,
    private readonly runner: PrintRunRunner,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Has tickets made, in the background.
   * @throws ContestNotFound, PrintRunClosed, PrintRunUnderWay
   */
  async request(admin: Account, contestId: string, count: number): Promise<PrintRunResponse> {
    await this.ledger.giveUpDead();
    try {
      const run = await this.dataSource.transaction(async (manager) => this.add(manager, admin, contestId, count));
      this.runner.take(run);
      return toPrintRunResponse(run);
    } catch (error) {
      const reason = isUniqueViolation(error, 'print_runs_under_way_key') ? new PrintRunUnderWay() : error;
      if (reason instanceof DomainError && !(reason instanceof ContestNotFound)) {
        const details = { count, reason: reason.code };
        const subject = { type: 'contest', id: contestId };
        await this.audit.recordApart({ action: 'print-run-refused', actor: admin, subject, details });
      }
      throw reason;
    }
  }

  /**
   * Of a contest, the newest first.
   * @throws ContestNotFound
   */
  async list(contestId: string, { limit, cursor }: PageQuery): Promise<PrintRunListResponse> {
    const { manager } = this.dataSource;
    if (!isUUID(contestId) || isSmokeId(contestId) || !(await manager.existsBy(Contest, { id: contestId })))
      throw new ContestNotFound();
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    if (after && !isUUID(after.id)) throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
    await this.ledger.giveUpDead();
    const query = manager
      .createQueryBuilder(PrintRun, 'run')
      .where('run.contestId = :contestId', { contestId })
      .orderBy({ 'run.requestedAt': 'DESC', 'run.id': 'DESC' })
      .limit(limit + 1);
    if (after) query.andWhere('(run.requestedAt, run.id) < (:at, :id)', after);
    return toPage(await query.getMany(), limit, ({ requestedAt, id }) => ({ at: requestedAt, id }), toPrintRunResponse);
  }

  /** @throws PrintRunNotFound, also for ids that are none */
  async get(contestId: string, id: string): Promise<PrintRunResponse> {
    if (!isUUID(contestId) || !isUUID(id)) throw new PrintRunNotFound();
    await this.ledger.giveUpDead();
    const run = await this.dataSource.manager.findOneBy(PrintRun, { id, contestId });
    if (!run) throw new PrintRunNotFound();
    return toPrintRunResponse(run);
  }

  private async add(manager: EntityManager, admin: Account, contestId: string, count: number): Promise<PrintRun> {
    const contest = isUUID(contestId) ? await manager.findOneBy(Contest, { id: contestId }) : null;
    if (!contest || isSmokeId(contestId)) throw new ContestNotFound();
    // Looked at again in the run itself, which may begin later; told here, where somebody reads it.
    await this.printRuns.assertMayGrow(manager, contest);
    const run = manager.create(PrintRun, {
      contestId,
      count,
      requestedById: admin.id,
      status: 'queued',
      progress: 0,
      reason: null,
      requestedAt: this.clock.now(),
      startedAt: null,
      finishedAt: null,
    });
    await manager.insert(PrintRun, run);
    const details = { contestId, count };
    await this.audit.record(manager, {
      action: 'print-run-started',
      actor: admin,
      subject: subjectOf(run.id),
      details,
    });
    return run;
  }
}
