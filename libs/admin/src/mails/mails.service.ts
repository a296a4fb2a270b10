import { Injectable } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import {
  AuditLog,
  decodeCursor,
  type KeysetPosition,
  MailQueue,
  type QueuedMail,
  toPage,
  ValidationFailed,
} from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { DataSource } from 'typeorm';
import type { MailItemResponse, MailListResponse } from './dto/mail-list.response';
import type { MailsQuery } from './dto/mails.query';
import { MailNotFound } from './mail.errors';

/** What administrators see of letters, and what they can do about those that failed. */
@Injectable()
export class MailsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly queue: MailQueue,
    private readonly audit: AuditLog,
  ) {}

  /** Letters of a state, the newest first. */
  async list({ state, limit, cursor }: MailsQuery): Promise<MailListResponse> {
    const after = cursor === undefined ? undefined : positionOf(cursor);
    const rows = await this.queue.list(state, limit + 1, after);
    return toPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), toItem);
  }

  /**
   * Has a letter tried again that failed for good.
   * @throws MailNotFound
   */
  async retry(actor: Account, id: string): Promise<void> {
    if (!isUUID(id)) throw new MailNotFound();
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.queue.retry(manager, id))) throw new MailNotFound();
      await this.audit.record(manager, { action: 'mail-retried', actor, subject: { type: 'mail', id } });
    });
  }
}

function positionOf(cursor: string): KeysetPosition {
  const position = decodeCursor(cursor);
  // One that another list gave out.
  if (!isUUID(position.id)) throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
  return position;
}

function toItem({ createdAt, ...mail }: QueuedMail): MailItemResponse {
  return { ...mail, createdAt: createdAt.toISOString() };
}
