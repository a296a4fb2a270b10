import { MigrationBlocked, OPERATOR, ServiceRoleError } from '@tiptop/platform';
import { Command, SubCommand } from 'nest-commander';
import { CommandError } from '../failures/cli-error';
import { CliCommand, CommandGroup } from './cli-command';

@SubCommand({
  name: 'up',
  description: 'Apply every migration that is pending, and grant DATABASE_SERVICE_ROLE what the service needs',
})
export class MigrateUp extends CliCommand {
  override async run(): Promise<void> {
    const { databaseServiceRole: serviceRole } = this.backend.config;
    const applied = await this.migrate(serviceRole);
    const lines = applied.map((name) => `Applied ${name}`);
    if (lines.length === 0) lines.push('Nothing is pending.');
    if (serviceRole !== undefined) lines.push(`Granted ${serviceRole} what the service needs`);
    this.output.result({ applied, ...(serviceRole === undefined ? {} : { grantedTo: serviceRole }) }, lines.join('\n'));
  }

  private async migrate(serviceRole: string | undefined): Promise<string[]> {
    const migrator = await this.backend.migrator();
    try {
      return await namingLocks(async () => migrator.up({ by: OPERATOR, serviceRole }));
    } catch (error) {
      throw error instanceof ServiceRoleError ? new CommandError('SERVICE_ROLE_UNFIT', error.message) : error;
    }
  }
}

@SubCommand({ name: 'down', description: 'Revert the newest migration, and the data that only it has room for' })
export class MigrateDown extends CliCommand {
  override async run(): Promise<void> {
    const migrator = await this.backend.migrator();
    const reverted = await namingLocks(async () => migrator.down({ by: OPERATOR }));
    this.output.result({ reverted: reverted ?? null }, reverted ? `Reverted ${reverted}` : 'Nothing is applied.');
  }
}

@SubCommand({ name: 'status', description: 'List the migrations and whether each is applied' })
export class MigrateStatus extends CliCommand {
  override async run(): Promise<void> {
    const migrations = await (await this.backend.migrator()).status();
    const lines = migrations.map(({ name, applied }) => `${applied ? 'applied' : 'pending'}  ${name}`);
    this.output.result({ migrations }, lines.join('\n'));
  }
}

@Command({
  name: 'migrate',
  description: 'The schema of the database',
  subCommands: [MigrateUp, MigrateDown, MigrateStatus],
})
export class MigrateCommand extends CommandGroup {}

/** @throws CommandError where another session keeps a lock that a migration needs */
async function namingLocks<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof MigrationBlocked ? new CommandError('MIGRATION_BLOCKED', error.message) : error;
  }
}
