export * from './audit-actions';
export { AuditLog, type AuditRecord } from './audit-log';
export * from './audit-trail';
export * from './audit-verifier';
export * from './audit.module';
