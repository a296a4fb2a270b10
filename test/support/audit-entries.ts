import { randomUUID } from 'node:crypto';
import type { RequestOptions } from './api-client';
import type { SessionBody } from './builders';
import { expectProblem } from './problem';
import type { TestApp } from './test-app';

/** An entry of the audit log, without its time and where it came from. */
export interface AuditRow {
  action: string;
  actor: string | null;
  role: string;
  subject: string | null;
  details: Record<string, unknown>;
}

/** The entries that fulfil a condition of one parameter, the oldest first. */
export async function auditRows({ database }: TestApp, condition: string, value: string): Promise<AuditRow[]> {
  return database.query<AuditRow[]>(
    `SELECT action, actor_id AS actor, actor_role AS role, subject_id AS subject, details
     FROM audit_entries WHERE ${condition} ORDER BY id`,
    [value],
  );
}

/** Asks for what is to be refused. @returns what the log then holds of that request */
export async function refusedRows(
  test: TestApp,
  [method, path, options]: [method: string, path: string, options: RequestOptions],
  status: number,
  code: string,
): Promise<AuditRow[]> {
  const requestId = randomUUID();
  const headers = { ...options.headers, 'x-request-id': requestId };
  expectProblem(await test.client.request(method, path, { ...options, headers }), status, code);
  return auditRows(test, 'request_id = $1', requestId);
}

/** The actor of an entry. */
export function by({ user }: SessionBody): Pick<AuditRow, 'actor' | 'role'> {
  return { actor: user.id, role: user.role };
}
