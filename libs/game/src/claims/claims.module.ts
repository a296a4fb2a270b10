import { Module } from '@nestjs/common';
import { ClaimAudit } from './claim-audit';
import { ClaimReader } from './claim-reader';
import { ClaimsController } from './claims.controller';
import { ClaimsService } from './claims.service';

@Module({ controllers: [ClaimsController], providers: [ClaimAudit, ClaimReader, ClaimsService] })
export class ClaimsModule {}
