import { Command, SubCommand } from 'nest-commander';
import { CliCommand, CommandGroup } from './cli-command';

@SubCommand({ name: 'up', description: 'Apply every migration that is pending' })
export class MigrateUp extends CliCommand {
  override async run(): Promise<void> {
    const applied = await (await this.backend.migrator()).up();
    const lines = applied.map((name) => `Applied ${name}`);
    this.output.result({ applied }, lines.join('\n') || 'Nothing is pending.');
  }
}

@SubCommand({ name: 'down', description: 'Revert the newest migration, and the data that only it has room for' })
export class MigrateDown extends CliCommand {
  override async run(): Promise<void> {
    const reverted = await (await this.backend.migrator()).down();
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
