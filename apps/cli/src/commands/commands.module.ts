import { type DynamicModule, Module } from '@nestjs/common';
import { CommandRunner, InjectCommander } from 'nest-commander';
import { Backend } from '../backend/backend';
import { Stdin } from '../input/stdin';
import { Output } from '../output/output';
import { AuditCommand } from './audit.command';
import { BackupCommand } from './backup.command';
import { ContestsCommand } from './contests.command';
import { DeployCommand } from './deploy.command';
import { KpiCommand } from './kpi.command';
import { MigrateCommand } from './migrate.command';
import { RestoreCommand } from './restore.command';
import { RollbackCommand } from './rollback.command';
import { SmokeCommand } from './smoke.command';
import { StatsCommand } from './stats.command';
import { TicketsCommand } from './tickets.command';
import { UsersCommand } from './users.command';

type Commander = Parameters<CommandRunner['setCommand']>[0];

/** The command line itself. What the commands work with is wired apart from it, once one of them asks the backend. */
@Module({})
export class CommandsModule {
  constructor(@InjectCommander() commander: Commander) {
    commander
      .name('tiptop')
      .description('Operates the Thé Tip Top prize contest.')
      .option('--json', 'print one JSON document on stdout')
      .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but degraded.');
  }

  static register(backend: Backend, output: Output, stdin: Stdin): DynamicModule {
    return {
      module: CommandsModule,
      providers: [
        { provide: Backend, useValue: backend },
        { provide: Output, useValue: output },
        { provide: Stdin, useValue: stdin },
        ...MigrateCommand.registerWithSubCommands(),
        ...UsersCommand.registerWithSubCommands(),
        ...ContestsCommand.registerWithSubCommands(),
        ...TicketsCommand.registerWithSubCommands(),
        ...StatsCommand.registerWithSubCommands(),
        ...AuditCommand.registerWithSubCommands(),
        ...BackupCommand.registerWithSubCommands(),
        ...RestoreCommand.registerWithSubCommands(),
        ...DeployCommand.registerWithSubCommands(),
        RollbackCommand,
        KpiCommand,
        SmokeCommand,
      ],
    };
  }
}
