import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AppConfig,
  type ComposedMail,
  type Language,
  MailKinds,
  type MailOrder,
  momentInWords,
} from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { MailTokens } from '../mail-tokens/mail-tokens';
import type { MailTokenPurpose } from '../mail-tokens/mail-token.entity';
import { Session } from '../sessions/session.entity';
import { User } from '../users/user.entity';
import { ACCOUNT_MAIL_TEXTS } from './account-mail-texts';
import {
  IDENTITY_LINKED_MAIL,
  INVITATION_MAIL,
  NEW_DEVICE_MAIL,
  PASSWORD_CHANGED_MAIL,
  RESET_PASSWORD_MAIL,
  SECOND_FACTOR_OFF_MAIL,
  SECOND_FACTOR_ON_MAIL,
  VERIFY_EMAIL_MAIL,
} from './mail-names';

const UNKNOWN_DEVICE: Readonly<Record<Language, string>> = { fr: 'un appareil inconnu', en: 'an unknown device' };

/** Writes the letters about an account. */
@Injectable()
export class AccountMails implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly kinds: MailKinds,
    private readonly tokens: MailTokens,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.kinds.register(VERIFY_EMAIL_MAIL, async (order) => this.withToken(order, 'verify-email', '/email/verify'));
    this.kinds.register(RESET_PASSWORD_MAIL, async (order) =>
      this.withToken(order, 'reset-password', '/password/reset'),
    );
    this.kinds.register(INVITATION_MAIL, async (order) => this.withToken(order, 'invitation', '/invitation'));
    const changes = [PASSWORD_CHANGED_MAIL, SECOND_FACTOR_ON_MAIL, SECOND_FACTOR_OFF_MAIL, IDENTITY_LINKED_MAIL];
    for (const kind of changes) {
      this.kinds.register(kind, async (order) => this.changed(order));
    }
    this.kinds.register(NEW_DEVICE_MAIL, async (order) => this.newDevice(order));
  }

  private async withToken(
    order: MailOrder,
    purpose: MailTokenPurpose,
    path: string,
  ): Promise<ComposedMail | undefined> {
    const user = await this.reader(order);
    // Who has shown that already is not asked again; neither is who has a password invited to choose a first one.
    if (!user || (purpose === 'verify-email' && user.emailVerifiedAt)) return undefined;
    if (purpose === 'invitation' && user.passwordHash !== null) return undefined;
    const token = await this.tokens.issue(order, purpose);
    // After the #, where no server's log sees it.
    return token === undefined
      ? undefined
      : this.letter(order, user, { link: `${this.config.webUrl}${path}#token=${token}` });
  }

  /** Of something by which the account is protected. */
  private async changed(order: MailOrder): Promise<ComposedMail | undefined> {
    const user = await this.reader(order);
    const at = new Date(order.data['at'] ?? order.createdAt);
    return (
      user && this.letter(order, user, { when: this.when(at, user), link: `${this.config.webUrl}/password/forgot` })
    );
  }

  private async newDevice(order: MailOrder): Promise<ComposedMail | undefined> {
    const user = await this.reader(order);
    const sessionId = order.data['sessionId'];
    const session = sessionId && (await this.dataSource.manager.findOneBy(Session, { id: sessionId }));
    if (!user || !session) return undefined;
    const device = session.device ?? UNKNOWN_DEVICE[user.language];
    const link = `${this.config.webUrl}/account/sessions`;
    return this.letter(order, user, { device, when: this.when(session.createdAt, user), link });
  }

  /** Whom the letter is for; nobody where the account was archived or erased meanwhile. */
  private async reader({ userId }: MailOrder): Promise<User | undefined> {
    return (await this.dataSource.manager.findOneBy(User, { id: userId, isActive: true })) ?? undefined;
  }

  private when(instant: Date, { language }: User): string {
    return momentInWords(instant, language, this.config.timeZone);
  }

  private letter({ kind }: MailOrder, user: User, variables: Readonly<Record<string, string>>): ComposedMail {
    const texts = ACCOUNT_MAIL_TEXTS[kind];
    if (!texts) throw new Error(`There is no text of the letter ${kind}`);
    const { email, language } = user;
    // Anybody may have registered the address, under a name that is an advertisement with a link: nobody gets that from us.
    // Who is invited was named by an administrator.
    const isNamed = user.emailVerifiedAt !== null || kind === INVITATION_MAIL;
    const [firstName, lastName] = isNamed ? [user.firstName, user.lastName] : ['', ''];
    return {
      to: { name: `${firstName} ${lastName}`.trim(), address: email },
      language,
      texts,
      variables: { firstName, ...variables },
    };
  }
}
