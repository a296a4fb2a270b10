import type { SendMailOptions } from 'nodemailer';
import type { ComposedMail, MailOrder } from './mail-kinds';
import { renderMail } from './rendered-mail';

/**
 * A letter with its headers, ready to be sent.
 * @param from as it stands in the letter's From
 */
export function buildMessage({ id }: Pick<MailOrder, 'id'>, mail: ComposedMail, from: string): SendMailOptions {
  return {
    from,
    to: { name: mail.to.name.replace(/\p{Cc}+/gu, ' '), address: mail.to.address },
    // The same at every try: a mailbox that got a letter twice can tell.
    messageId: `<${id}@${domainOf(from)}>`,
    ...renderMail(mail),
    // RFC 3834: no absence note comes back.
    headers: { 'Auto-Submitted': 'auto-generated' },
    // A text that comes from a person never makes a file or an address be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function domainOf(from: string): string {
  return /@([\w.-]+)>?\s*$/.exec(from)?.[1]?.toLowerCase() ?? 'localhost';
}
