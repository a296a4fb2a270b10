import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppConfig } from '../config/app-config';
import { LOGGER } from '../logging/logging.module';
import { MailFailure } from './mail-failure';
import { type ComposedMail, type ComposeMail, MailKinds, type MailOrder } from './mail-kinds';
import { buildMessage } from './mail-message';
import { MailTransport } from './mail-transport';

/** What servers repeat of a recipient, the longest first: some name the mailbox without its domain, or by half a name. */
function tellingParts({ address, name }: ComposedMail['to']): string[] {
  return [address, name, address.slice(0, address.lastIndexOf('@')), ...name.split(/\s+/)];
}

/** Composes one letter and sees it off. */
@Injectable()
export class MailSender {
  constructor(
    private readonly kinds: MailKinds,
    private readonly transport: MailTransport,
    private readonly config: AppConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Settles once the letter was accepted, or has turned out to be pointless.
   * @param signal aborted where the letter is no longer ours to send; one that is on its way is not stopped by it
   * @throws MailFailure
   */
  async send(order: MailOrder, signal: AbortSignal): Promise<void> {
    const compose = this.kinds.find(order.kind);
    if (!compose) throw new MailFailure(`Nobody here writes letters of the kind ${order.kind}`);
    let composed: ComposedMail | undefined;
    try {
      composed = await compose(order);
      if (!composed) {
        await this.transport.withdraw(order);
        return;
      }
      signal.throwIfAborted();
      const went = await this.transport.deliver(order, buildMessage(order, composed, this.config.mail.from));
      if (this.transport.keepsLetters && (await this.wasErased(order, compose))) return;
      this.logger.info({ kind: order.kind, mailId: order.id, ...went }, 'Letter sent');
    } catch (error) {
      throw MailFailure.of(error, composed ? tellingParts(composed.to) : []);
    }
  }

  /** Takes a letter back whose reader was erased while it was written. */
  private async wasErased(order: MailOrder, compose: ComposeMail): Promise<boolean> {
    if (await compose(order)) return false;
    await this.transport.withdraw(order);
    return true;
  }
}
