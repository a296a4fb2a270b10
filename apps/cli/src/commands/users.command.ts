import {
  BirthDateField,
  EmailField,
  NameField,
  type Role,
  ROLES,
  SecondFactorService,
  UNSTATED_BIRTH_DATE,
  UsersService,
} from '@tiptop/auth';
import { AuditLog, OPERATOR } from '@tiptop/platform';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { Command, Option, SubCommand } from 'nest-commander';
import { CommandError, UsageError } from '../failures/cli-error';
import { fieldText } from '../failures/error-texts';
import { readPassword } from '../input/password';
import { oneOf } from '../options/options';
import { CliCommand, CommandGroup } from './cli-command';
import { UsersRetention } from './users-retention.command';

interface UsersCreateOptions {
  email: string;
  role: Role;
  firstName: string;
  lastName: string;
  birthDate?: string;
}

/** The rules of a person's data, the same as at a registration. */
class Person {
  @EmailField()
  email: string;

  @NameField('Alix')
  firstName: string;

  @NameField('Bernard')
  lastName: string;

  @BirthDateField()
  birthDate: string;
}

const OPTION_OF: Readonly<Record<keyof Person, string>> = {
  email: '--email',
  firstName: '--first-name',
  lastName: '--last-name',
  birthDate: '--birth-date',
};

@SubCommand({ name: 'create', description: 'Make an account and print its id; the password is read from stdin' })
export class UsersCreate extends CliCommand {
  override async run(_: string[], options: UsersCreateOptions): Promise<void> {
    const { role } = options;
    const person = checked(options);
    const password = await readPassword(this.stdin.stream);
    const users = await this.backend.get(UsersService);
    // Nobody but the person can accept the terms; that the address is theirs the operator vouches for.
    const account = Object.assign(person, { password, role, acceptsTerms: false, emailVerified: true });
    const audit = await this.backend.get(AuditLog);
    const { id, email } = await users.create(account, async (manager, user) => {
      const subject = { type: 'user', id: user.id };
      await audit.record(manager, { action: 'account-created', actor: OPERATOR, subject, details: { role } });
      return user;
    });
    this.output.result({ id, email, role }, id);
  }

  @Option({ flags: '--email <address>', description: 'e-mail address, by which the person signs in', required: true })
  parseEmail(text: string): string {
    return text;
  }

  @Option({ flags: '--role <role>', description: ROLES.join(', '), required: true })
  parseRole(text: string): Role {
    return oneOf('--role', text, ROLES);
  }

  @Option({ flags: '--first-name <name>', required: true })
  parseFirstName(text: string): string {
    return text;
  }

  @Option({ flags: '--last-name <name>', required: true })
  parseLastName(text: string): string {
    return text;
  }

  @Option({
    flags: '--birth-date <date>',
    description: `YYYY-MM-DD; ${UNSTATED_BIRTH_DATE}, not stated, when left out`,
  })
  parseBirthDate(text: string): string {
    return text;
  }

  @Option({ flags: '--password-stdin', description: 'read the password from stdin', required: true })
  parsePasswordStdin(): true {
    return true;
  }
}

@SubCommand({
  name: 'reset-second-factor',
  description: 'Take the second factor away from somebody who lost it and the recovery codes; their sessions end',
})
export class UsersResetSecondFactor extends CliCommand {
  override async run(_: string[], { email }: { email: string }): Promise<void> {
    const secondFactor = await this.backend.get(SecondFactorService);
    const id = await secondFactor.reset(email);
    if (id === undefined) throw new CommandError('USER_NOT_FOUND', 'There is no account with this e-mail address.');
    this.output.result({ id }, id);
  }

  @Option({ flags: '--email <address>', description: 'e-mail address of the account', required: true })
  parseEmail(text: string): string {
    return text;
  }
}

@Command({ name: 'users', description: 'Accounts', subCommands: [UsersCreate, UsersResetSecondFactor, UsersRetention] })
export class UsersCommand extends CommandGroup {}

function checked({ email, firstName, lastName, birthDate = UNSTATED_BIRTH_DATE }: UsersCreateOptions): Person {
  const person = plainToInstance(Person, { email, firstName, lastName, birthDate });
  const errors = validateSync(person).flatMap(({ property, constraints }) =>
    Object.keys(constraints ?? {})
      .slice(0, 1)
      .map((key) => ({ path: OPTION_OF[property as keyof Person], message: fieldText(key) })),
  );
  if (errors.length > 0) throw new UsageError('The account can’t be made of these options.', errors);
  return person;
}
