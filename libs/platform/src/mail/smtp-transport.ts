import { createTransport, type SendMailOptions } from 'nodemailer';
import type { MailOrder } from './mail-kinds';
import { MailTransport } from './mail-transport';

/** The longest silence of a server that is borne. RFC 5321 would have us wait for minutes, and every letter behind. */
const SILENCE_MS = 30_000;
const CONNECTING_MS = 10_000;
/** Shorter than servers bear an idle connection, so that it is not they who close it as a letter comes along. */
const IDLE_MS = 20_000;

/** Sends letters by SMTP, over connections that are kept for the next ones. */
export class SmtpTransport extends MailTransport {
  override readonly keepsLetters = false;
  private readonly pool;

  /**
   * @param url may set nodemailer's options in its query, `?maxConnections=5` for one
   * @param connections most at once, unless the URL says otherwise
   */
  constructor(url: string, connections: number) {
    super();
    this.pool = createTransport({
      url,
      pool: true,
      maxConnections: connections,
      // A letter whose connection broke may have been accepted: when it is tried again is for the queue to say.
      maxRequeues: 0,
      connectionTimeout: CONNECTING_MS,
      greetingTimeout: CONNECTING_MS,
      dnsTimeout: CONNECTING_MS,
      socketTimeout: SILENCE_MS,
      idleTimeout: IDLE_MS,
    });
  }

  override async deliver(_order: MailOrder, message: SendMailOptions): Promise<Record<string, string>> {
    const { rejected } = await this.pool.sendMail(message);
    // Of a letter to several: it went to the others.
    return rejected.length === 0 ? {} : { refused: `${rejected.length} of its recipients` };
  }

  override async withdraw(): Promise<void> {
    // What was sent is out of reach.
  }

  override close(): void {
    (this.pool.transporter as { close: (options: { force: boolean }) => void }).close({ force: true });
  }
}
