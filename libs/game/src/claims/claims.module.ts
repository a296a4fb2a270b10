import { Module } from '@nestjs/common';
import { ClaimReader } from './claim-reader';
import { ClaimsController } from './claims.controller';
import { ClaimsService } from './claims.service';

@Module({ controllers: [ClaimsController], providers: [ClaimReader, ClaimsService] })
export class ClaimsModule {}
