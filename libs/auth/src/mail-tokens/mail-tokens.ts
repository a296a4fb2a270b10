import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig, Clock, derivedKey, type MailOrder, secretHash } from '@tiptop/platform';
import { DataSource, type EntityManager, IsNull, MoreThan } from 'typeorm';
import { InvalidToken } from './mail-token.errors';
import { MailToken, type MailTokenPurpose } from './mail-token.entity';

/** How long each kind of token is good for, in milliseconds. */
export const MAIL_TOKEN_LIFE_MS: Readonly<Record<MailTokenPurpose, number>> = {
  'verify-email': 24 * 3_600_000,
  'reset-password': 30 * 60_000,
  invitation: 7 * 86_400_000,
};

/**
 * Tokens that letters carry. A token is made of its letter's id with a key of the service, so that neither the queue nor
 * the database ever holds one, and a letter that is tried again carries the same.
 */
@Injectable()
export class MailTokens {
  private readonly key: Buffer;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.key = derivedKey(config.accountSecret, 'mail tokens');
  }

  /** The token of a letter that is about to leave; undefined where it could not be used any more. */
  async issue(order: MailOrder, purpose: MailTokenPurpose): Promise<string | undefined> {
    const token = createHmac('sha256', this.key).update(`${purpose}:${order.id}`).digest('base64url');
    const hash = secretHash(token);
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + MAIL_TOKEN_LIFE_MS[purpose]);
    await this.dataSource.manager
      .createQueryBuilder()
      .insert()
      .into(MailToken)
      .values({ hash, userId: order.userId, purpose, createdAt: now, expiresAt, usedAt: null })
      .orIgnore()
      .execute();
    const good = await this.dataSource.manager.existsBy(MailToken, this.goodOnes(hash, purpose));
    return good ? token : undefined;
  }

  /**
   * Whose token it is, without using it up.
   * @throws InvalidToken
   */
  async peek(token: string, purpose: MailTokenPurpose): Promise<string> {
    const found = await this.dataSource.manager.findOneBy(MailToken, this.goodOnes(secretHash(token), purpose));
    if (!found) throw new InvalidToken();
    return found.userId;
  }

  /**
   * Uses a token up, and with it every other one of the same purpose and person. Of two at once, one gets it.
   * @throws InvalidToken
   */
  async use(manager: EntityManager, token: string, purpose: MailTokenPurpose): Promise<string> {
    const usedAt = this.clock.now();
    const hash = secretHash(token);
    const { affected } = await manager.update(MailToken, this.goodOnes(hash, purpose), { usedAt });
    if (affected !== 1) throw new InvalidToken();
    const { userId } = await manager.findOneByOrFail(MailToken, { hash });
    await this.withdraw(manager, userId, purpose);
    return userId;
  }

  /** Makes every token of a purpose and a person worthless. */
  async withdraw(manager: EntityManager, userId: string, purpose: MailTokenPurpose): Promise<void> {
    await manager.update(MailToken, { userId, purpose, usedAt: IsNull() }, { usedAt: this.clock.now() });
  }

  private goodOnes(hash: Buffer, purpose: MailTokenPurpose) {
    return { hash, purpose, usedAt: IsNull(), expiresAt: MoreThan(this.clock.now()) };
  }
}
