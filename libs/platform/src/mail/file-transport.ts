import type { SendMailOptions } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailFiles } from './mail-files';
import type { MailOrder } from './mail-kinds';
import { MailTransport } from './mail-transport';

/** Writes letters to files, for development and tests. */
export class FileTransport extends MailTransport {
  override readonly keepsLetters = true;

  constructor(private readonly files: MailFiles) {
    super();
  }

  override async deliver(order: MailOrder, message: SendMailOptions): Promise<Record<string, string>> {
    const content = await new MailComposer({ ...message, newline: 'windows' }).compile().build();
    return { file: await this.files.write(order, content) };
  }

  override async withdraw(order: MailOrder): Promise<void> {
    await this.files.remove(order);
  }

  override close(): void {
    // There is nothing to let go of.
  }
}
