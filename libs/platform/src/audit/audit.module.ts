import { Global, Module } from '@nestjs/common';
import { AuditLog } from './audit-log';
import { AuditTrail } from './audit-trail';
import { AuditVerifier } from './audit-verifier';

/** Who did what, when, and from where. */
@Global()
@Module({ providers: [AuditLog, AuditTrail, AuditVerifier], exports: [AuditLog, AuditTrail, AuditVerifier] })
export class AuditModule {}
