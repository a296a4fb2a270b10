import type { SendMailOptions } from 'nodemailer';
import type { MailOrder } from './mail-kinds';

/** The way by which letters leave. */
export abstract class MailTransport {
  /** Whether a letter stays within reach, so that it has to be taken back where its reader is erased meanwhile. */
  abstract readonly keepsLetters: boolean;

  /** Settles once the letter was accepted. @returns what the log should say of where it went */
  abstract deliver(order: MailOrder, message: SendMailOptions): Promise<Record<string, string>>;

  /** Takes a letter back that an earlier try may have left, as far as that can be done. */
  abstract withdraw(order: MailOrder): Promise<void>;

  /** Lets go of connections. Letters under way are cut off. */
  abstract close(): void;
}
