import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailConfig } from '@tiptop/platform';
import { SMTPServer, type SMTPServerAddress, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { TEST_MAIL } from './mail-folder';
import { type ReceivedMail, readMail } from './received-mail';

/**
 * How a delivery fails: the recipient is refused for now or for good, the letter is refused for now or for good once it
 * was sent, or the connection breaks after the letter was sent and before it was accepted.
 */
export type Refusal = 'recipient-later' | 'recipient-never' | 'content-later' | 'content-never' | 'drop';

/** Decides about a delivery. @param attempt which delivery it is, from 1 */
export type RefusalHook = (attempt: number, to: string) => Refusal | undefined;

interface Delivery {
  attempt: number;
  to: string;
  refusal: Refusal | undefined;
}

const CODES = { later: 451, never: 550 } as const;

/** An SMTP server on loopback that keeps what it accepts, and fails as it is told to. */
export class SmtpInbox {
  /** What was accepted, in that order. */
  readonly letters: ReceivedMail[] = [];
  /** How many deliveries were begun. */
  attempts = 0;
  /** How many letters stand complete and unanswered: see hold(). */
  holding = 0;
  private refusal: RefusalHook = () => undefined;
  private held: Promise<void> = Promise.resolve();
  private isHeld: (to: string) => boolean = () => false;
  private letGo: () => void = () => undefined;
  private readonly deliveries = new Map<string, Delivery>();

  private constructor(
    private readonly server: SMTPServer,
    readonly port: number,
  ) {}

  /** @param port 0 lets the system choose */
  static async open(port = 0): Promise<SmtpInbox> {
    const server = new SMTPServer({ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'], logger: false });
    // A client that was killed leaves its connection in the middle of a sentence.
    server.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const inbox = new SmtpInbox(server, (server.server.address() as AddressInfo).port);
    server.onRcptTo = (address, session, answer) => {
      answer(inbox.begin(address, session));
    };
    server.onData = (stream, session, answer) => {
      inbox.receive(stream, session).then(() => {
        answer();
      }, answer);
    };
    return inbox;
  }

  /** For SMTP_URL. */
  get url(): string {
    return `smtp://127.0.0.1:${this.port.toString()}`;
  }

  /** For `config.mail`: everything is delivered to here, and what fails is tried again after a second. */
  get mail(): MailConfig {
    return { ...TEST_MAIL, smtpUrl: this.url };
  }

  /** What came for somebody. */
  to(address: string): ReceivedMail[] {
    return this.letters.filter(({ to }) => to.toLowerCase() === address.toLowerCase());
  }

  /** From now on this decides which deliveries fail; without a hook none does. */
  refuse(hook: RefusalHook = () => undefined): void {
    this.refusal = hook;
  }

  /**
   * From now on letters are taken and get no answer, until release().
   * @param whose to whom; everybody unless told otherwise
   */
  hold(whose: (to: string) => boolean = () => true): void {
    this.isHeld = whose;
    this.held = new Promise((resolve) => (this.letGo = resolve));
  }

  /** Answers what is held. */
  release(): void {
    this.isHeld = () => false;
    this.letGo();
  }

  /**
   * Waits for something, letters to come in most of the time.
   * @param reached whether it is there
   * @throws Error that names what there is instead
   */
  async until(reached: (inbox: SmtpInbox) => boolean, limitMs = 20_000): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!reached(this)) {
      if (Date.now() > deadline) {
        const subjects = this.letters.map(({ to, subject }) => `${to}: ${subject}`).slice(-20);
        throw new Error(`${this.letters.length.toString()} letters came, the last of them ${JSON.stringify(subjects)}`);
      }
      await sleep(20);
    }
  }

  /** Waits for letters to somebody. @returns the first `count` of them */
  async lettersTo(address: string, count = 1, limitMs?: number): Promise<ReceivedMail[]> {
    await this.until(() => this.to(address).length >= count, limitMs);
    return this.to(address).slice(0, count);
  }

  /** Waits for a letter to somebody. */
  async letterTo(address: string, limitMs?: number): Promise<ReceivedMail> {
    return (await this.lettersTo(address, 1, limitMs))[0]!;
  }

  /** Breaks every connection and listens no more. */
  async close(): Promise<void> {
    this.release();
    for (const connection of this.server.connections) connection._socket.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(resolve);
    });
  }

  private begin({ address: to }: SMTPServerAddress, session: SMTPServerSession): Error | undefined {
    const attempt = ++this.attempts;
    const delivery: Delivery = { attempt, to, refusal: this.refusal(attempt, to) };
    // The letter goes on to its other recipients.
    if (delivery.refusal?.startsWith('recipient')) return answerOf(delivery);
    this.deliveries.set(session.id, delivery);
    return undefined;
  }

  private async receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const delivery = this.deliveries.get(session.id)!;
    const raw = Buffer.concat(await stream.toArray());
    const letter = await readMail(raw, delivery.to);
    if (this.isHeld(delivery.to)) {
      this.holding++;
      await this.held;
      this.holding--;
    }
    const connection = [...this.server.connections].find(({ id }) => id === session.id);
    if (delivery.refusal === 'drop') connection?._socket.destroy();
    if (delivery.refusal !== undefined) throw answerOf(delivery);
    if (!connection) return;
    this.letters.push(letter);
  }
}

/** The address stands in it, as it does in what real servers say. */
function answerOf({ to, refusal }: Delivery): Error {
  const responseCode = CODES[refusal?.endsWith('never') ? 'never' : 'later'];
  return Object.assign(new Error(`<${to}>: refused by the test`), { responseCode });
}
