import { Module } from '@nestjs/common';
import { BackupHealthModule } from '@tiptop/ops';
import { MetricsService } from './metrics.service';

@Module({ imports: [BackupHealthModule], providers: [MetricsService], exports: [MetricsService] })
export class MetricsModule {}
