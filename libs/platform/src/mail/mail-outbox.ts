import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** A letter to be written and sent: which kind, about whom, and what only the moment that causes it knows. */
export interface MailRequest {
  /** As registered with MailKinds. */
  kind: string;
  /** Whom it concerns; null for one that is dropped, where doing as much work as for a letter matters. */
  userId: string | null;
  /** Identifiers and times, never a name, an address or a token: the queue is no place for them. */
  data?: Readonly<Record<string, string | null>>;
}

/**
 * SQL that orders a letter for each row of something, for a statement that causes them by itself.
 * @param kind SQL of a text, as are the others
 * @param userId SQL of a uuid
 * @param data SQL of a jsonb
 * @param from SQL of the rows
 */
export function orderMailSql(kind: string, userId: string, data: string, from: string): string {
  return `INSERT INTO mail_orders (kind, user_id, data) SELECT ${kind}, ${userId}, ${data} FROM ${from}`;
}

/** Letters leave with the transaction that causes them, or not at all: they wait in the database until it commits. */
@Injectable()
export class MailOutbox {
  /** Adds a letter in the caller's transaction. @returns its id */
  async post(manager: EntityManager, { kind, userId, data = {} }: MailRequest): Promise<string> {
    const [row] = await manager.query<{ id: string }[]>(`SELECT enqueue_mail($1, $2, $3) AS id`, [
      kind,
      userId,
      JSON.stringify(data),
    ]);
    if (!row) throw new Error('enqueue_mail gave no id');
    return row.id;
  }
}
