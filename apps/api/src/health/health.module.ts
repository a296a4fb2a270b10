import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { BackupHealthModule } from '@tiptop/ops';
import { HealthController } from './health.controller';

@Module({ imports: [TerminusModule.forRoot({ logger: false }), BackupHealthModule], controllers: [HealthController] })
export class HealthModule {}
