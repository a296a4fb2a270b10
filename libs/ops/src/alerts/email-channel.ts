import {
  FileTransport,
  type MailConfig,
  MailFailure,
  type MailFiles,
  MailTransport,
  SmtpTransport,
} from '@tiptop/platform';
import { type AlertChannel, DeliveryFailure } from './alert-channel';
import { type AlertMessage, messageText } from './alert-message';

/** Whose letters these are, where there is a folder per person. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const KIND = 'ops-alert';

/** How alerts leave by e-mail. */
export interface EmailOptions {
  mail: MailConfig;
  recipients: readonly string[];
  limitMs: number;
  /** Where letters go while there is no server; undefined where a letter in a file would be read by nobody. */
  files: MailFiles | undefined;
}

/**
 * Straight to the mail server, one letter to all: the queue of letters is in the database, which may be what is down. Each
 * try has a connection of its own, since one that has failed may be in any state.
 */
export class EmailChannel implements AlertChannel {
  readonly name = 'e-mail';
  readonly limitMs: number;

  constructor(private readonly options: EmailOptions) {
    this.limitMs = options.limitMs;
  }

  async deliver(message: AlertMessage, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { mail, recipients } = this.options;
    const transport = this.open();
    const stop = (): void => {
      transport.close();
    };
    signal.addEventListener('abort', stop, { once: true });
    const order = { id: message.id, kind: KIND, userId: NOBODY, data: {}, createdAt: message.at };
    try {
      return await transport.deliver(order, {
        from: mail.from,
        to: [...recipients],
        subject: message.subject,
        text: messageText(message),
        messageId: `<${message.id}@${/@([\w.-]+)>?\s*$/.exec(mail.from)?.[1] ?? 'localhost'}>`,
        priority: message.level === 'failure' ? 'high' : 'normal',
        // RFC 3834: no absence note comes back.
        headers: { 'Auto-Submitted': 'auto-generated' },
        ...(message.attachment && {
          attachments: [
            {
              filename: message.attachment.name,
              content: message.attachment.html,
              contentType: 'text/html; charset=utf-8',
            },
          ],
        }),
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    } catch (error) {
      const { message: reason, permanent } = MailFailure.of(error, recipients);
      throw new DeliveryFailure(reason, permanent);
    } finally {
      signal.removeEventListener('abort', stop);
      transport.close();
    }
  }

  private open(): MailTransport {
    const { mail, files } = this.options;
    if (mail.smtpUrl !== undefined) return new SmtpTransport(mail.smtpUrl, 1);
    if (files === undefined) throw new DeliveryFailure('SMTP_URL is not set, which ALERT_EMAILS need', true);
    return new FileTransport(files);
  }
}
