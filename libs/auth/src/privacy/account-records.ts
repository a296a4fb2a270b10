import { Injectable } from '@nestjs/common';
import { AppConfig, Clock, isRefusedBy } from '@tiptop/platform';
import type { EntityManager } from 'typeorm';
import { Consent } from '../users/consent.entity';
import { LastAdmin } from '../users/user.errors';
import { User } from '../users/user.entity';
import { toUserResponse } from '../users/user.response';
import type { AccountDataResponse, ConsentDataResponse } from './dto/my-data.response';

const NO_NAME = '—';

/** The account itself, and what its owner agreed to. */
@Injectable()
export class AccountRecords {
  constructor(
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  async collect(
    userId: string,
    manager: EntityManager,
  ): Promise<{ account: AccountDataResponse; consents: ConsentDataResponse[] }> {
    const user = await manager.findOneByOrFail(User, { id: userId });
    const consents = await manager.find(Consent, { where: { userId }, order: { givenAt: 'ASC', id: 'ASC' } });
    return {
      account: Object.assign(toUserResponse(user), {
        emailVerifiedAt: user.emailVerifiedAt?.toISOString() ?? null,
        hasPassword: user.passwordHash !== null,
        lastActiveAt: user.lastActiveAt.toISOString(),
        updatedAt: user.updatedAt.toISOString(),
      }),
      consents: consents.map(({ kind, version, granted, givenAt }) => ({
        kind,
        version,
        granted,
        givenAt: givenAt.toISOString(),
      })),
    };
  }

  /**
   * Makes of a person somebody who was once there. Their consents stay: they prove that what was done was allowed, and
   * hold no name.
   * @throws LastAdmin
   */
  async erase(user: User, manager: EntityManager): Promise<void> {
    const now = this.clock.now();
    if (user.newsletter) {
      const { termsVersion: version } = this.config;
      await manager.insert(Consent, { userId: user.id, kind: 'newsletter', version, granted: false, givenAt: now });
    }
    const nobody = `erased-${user.id}@erased.invalid`;
    try {
      await manager.update(
        User,
        { id: user.id },
        {
          email: nobody,
          emailKey: nobody,
          firstName: NO_NAME,
          lastName: NO_NAME,
          searchText: '',
          // The year stays, so that the ages of those who took part stay true; a day of birth tells people apart.
          birthDate: `${user.birthDate.slice(0, 4)}-01-01`,
          passwordHash: null,
          emailVerifiedAt: null,
          newsletter: false,
          isActive: false,
          erasedAt: now,
          updatedAt: now,
        },
      );
    } catch (error) {
      throw isRefusedBy(error, 'users_last_admin') ? new LastAdmin() : error;
    }
  }
}
