import { type AuditAction, type AuditDetails, type AuditRecord, OPERATOR } from '@tiptop/platform';

/** The entry of what an operator does with a contest. */
export function contestDeed(action: AuditAction, contestId: string, details: AuditDetails): AuditRecord {
  return { action, actor: OPERATOR, subject: { type: 'contest', id: contestId }, details };
}
