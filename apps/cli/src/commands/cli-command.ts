import { Injectable } from '@nestjs/common';
import { CommandRunner, Option } from 'nest-commander';
import { Backend } from '../backend/backend';
import { UsageError } from '../failures/cli-error';
import { Stdin } from '../input/stdin';
import { Output } from '../output/output';

type Commander = Parameters<CommandRunner['setCommand']>[0];

/** What every command has in common. */
// Decorated so that commands inherit what the constructor asks for.
@Injectable()
export abstract class CliCommand extends CommandRunner {
  constructor(
    protected readonly backend: Backend,
    protected readonly output: Output,
    protected readonly stdin: Stdin,
  ) {
    super();
  }

  override setCommand(command: Commander): this {
    // Wrong usage is thrown, not answered by ending the process in the middle.
    command.exitOverride().allowExcessArguments(false);
    return super.setCommand(command);
  }

  // Which of the two it is stands in Output before the command line is parsed, so that errors in it obey as well.
  @Option({ flags: '--json', description: 'print one JSON document on stdout' })
  acceptJson(): true {
    return true;
  }
}

/** A noun; its verbs are its subcommands. */
export abstract class CommandGroup extends CliCommand {
  override setCommand(command: Commander): this {
    super.setCommand(command);
    command.allowExcessArguments(true);
    return this;
  }

  // Reached only when none of the subcommands was named. Async, because commander awaits it.
  // eslint-disable-next-line @typescript-eslint/require-await
  override async run([unknown]: string[]): Promise<void> {
    const verbs = this.command.commands.map((command) => command.name()).join(', ');
    const fault = unknown === undefined ? 'a command is missing' : `unknown command '${unknown}'`;
    throw new UsageError(`${this.command.name()}: ${fault}; there are: ${verbs}.`);
  }
}
