import { Module } from '@nestjs/common';
import { BackupHealth } from './backup-health';
import { BackupStateReader } from './backup-state-reader';

/** What the rows say of the backups: for the health, the metrics and the watch. Needs nothing but the database. */
@Module({ providers: [BackupStateReader, BackupHealth], exports: [BackupStateReader, BackupHealth] })
export class BackupHealthModule {}
