import { Command } from 'nest-commander';
import { BackupKeygen } from './backup-keygen.command';
import { BackupList } from './backup-list.command';
import { BackupPrune } from './backup-prune.command';
import { BackupMake } from './backup-run.command';
import { BackupVerify } from './backup-verify.command';
import { CommandGroup } from './cli-command';

@Command({
  name: 'backup',
  description: 'Backups: make, list, verify and prune them',
  subCommands: [BackupMake, BackupList, BackupVerify, BackupPrune, BackupKeygen],
})
export class BackupCommand extends CommandGroup {}
