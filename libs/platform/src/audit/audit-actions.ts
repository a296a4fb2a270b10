/** What the audit log tells of. A new one is added here, and needs no migration. */
export const AUDIT_ACTIONS = [
  'sign-in',
  'sign-in-refused',
  'access-refused',
  'account-registered',
  'account-created',
  'account-erased',
  'session-ended',
  'email-verified',
  'identity-linked',
  'profile-updated',
  'password-changed',
  'password-reset',
  'second-factor-on',
  'second-factor-off',
  'second-factor-reset',
  'recovery-codes-renewed',
  'data-downloaded',
  'play-refused',
  'staff-invited',
  'invitation-resent',
  'invitation-accepted',
  'role-changed',
  'account-archived',
  'account-restored',
  'account-updated',
  'account-change-refused',
  'hand-over',
  'hand-over-refused',
  'hand-over-denied',
  'hand-over-undone',
  'export',
  'export-refused',
  'contest-created',
  'contest-updated',
  'contest-change-refused',
  'print-run-started',
  'print-run-refused',
  'print-run-done',
  'print-run-failed',
  'tickets-imported',
  'codes-exported',
  'store-created',
  'store-updated',
  'mail-retried',
  'statistics-repaired',
  'schema-migrated',
  'schema-reverted',
  'rights-granted',
  'backup-started',
  'backup-removed',
  'restore-started',
  'deployment-started',
  'deployment-finished',
  'incident-opened',
  'incident-updated',
  'maintenance-changed',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** `operator` works at the command line, `service` is the service by itself, `anonymous` is somebody not signed in. */
export const AUDIT_ROLES = ['customer', 'employee', 'admin', 'operator', 'service', 'anonymous'] as const;
export type AuditRole = (typeof AUDIT_ROLES)[number];

/** Who acted; an Account will do. */
export type AuditActor =
  | { readonly id: string; readonly role: Extract<AuditRole, 'customer' | 'employee' | 'admin'> }
  | { readonly id: null; readonly role: Extract<AuditRole, 'operator' | 'service' | 'anonymous'> };

export const OPERATOR: AuditActor = { id: null, role: 'operator' };
export const SERVICE: AuditActor = { id: null, role: 'service' };
export const ANONYMOUS: AuditActor = { id: null, role: 'anonymous' };

/** What was acted on: `{ type: 'user', id }`, `ticket` by its code, `contest`, `store`, `print-run`, `mail`, `route`. */
export interface AuditSubject {
  readonly type: string;
  readonly id: string;
}

type AuditDetail = string | number | boolean | null;
export type AuditDetails = Readonly<Record<string, AuditDetail | readonly AuditDetail[]>>;
