import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCredentials } from '../sign-in/sign-in.errors';
import { SignInBudget } from '../sign-in/sign-in-budget';
import { User } from '../users/user.entity';
import { PasswordHasher } from './password-hasher';

/** Asks for the password of an account, within the budget of wrong ones. */
@Injectable()
export class PasswordProof {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly budget: SignInBudget,
  ) {}

  /**
   * Does the same work, and gives the same answer, for an account that does not exist as for a wrong password.
   * @param emailKey of the account, or of none
   * @param passwordHash undefined where there is no account, null where it has no password
   * @throws InvalidCredentials, TooManyAttempts
   */
  async assertKnown(
    emailKey: string,
    passwordHash: string | null | undefined,
    password: string,
    address: string,
  ): Promise<void> {
    await this.budget.assertOpen(emailKey, address);
    if (!(await this.hasher.verify(passwordHash, password))) {
      await this.budget.fail(emailKey, address);
      throw new InvalidCredentials();
    }
    // Again, since guesses that were sent all at once found the budget open: the failures among them count by now.
    await this.budget.assertOpen(emailKey, address);
    await this.budget.succeed(emailKey, address);
  }

  /**
   * Looks again, in a transaction that holds the account's lock: comparing takes a while, in which the owner may have
   * replaced the password because somebody else knows it.
   * @throws InvalidCredentials
   */
  async assertUnchanged(
    manager: EntityManager,
    { id, passwordHash }: Pick<User, 'id' | 'passwordHash'>,
  ): Promise<void> {
    const user = await manager.findOneBy(User, { id });
    if (user?.passwordHash !== passwordHash) throw new InvalidCredentials();
  }
}
