import { scrub } from '../logging/logger';

const REASON_LENGTH = 500;

/** Why a letter did not leave. The message stands in the queue and in the log, and tells of nobody. */
export class MailFailure extends Error {
  /** @param permanent whether another try would be in vain */
  constructor(
    message: string,
    readonly permanent = false,
  ) {
    super(message);
    this.name = 'MailFailure';
  }

  /** @param hidden words that must not be told besides what looks like an address: the recipient's name and address */
  static of(error: unknown, hidden: readonly string[] = []): MailFailure {
    if (error instanceof MailFailure) return error;
    let reason = error instanceof Error ? error.message : String(error);
    for (const text of hidden) if (text !== '') reason = reason.replaceAll(matching(text), '[redacted]');
    return new MailFailure(scrub(reason).replace(/\s+/g, ' ').slice(0, REASON_LENGTH), isPermanent(error));
  }
}

function matching(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'giu');
}

/** What nodemailer hangs on the errors of an SMTP conversation. */
interface SmtpError {
  responseCode?: unknown;
  response?: unknown;
  command?: unknown;
}

/**
 * Whether the server refused this recipient or this letter for good. A refusal of ourselves is not of that kind, although
 * servers answer 5xx there as well: credentials, the sender, and a policy (enhanced code x.7.x, RFC 3463) can be put
 * right, and would otherwise cost every letter that comes along meanwhile.
 */
function isPermanent(error: unknown): boolean {
  const { responseCode, response, command } = error as SmtpError;
  if (typeof responseCode !== 'number' || responseCode < 500 || responseCode > 599) return false;
  if (command !== 'RCPT TO' && command !== 'DATA') return false;
  return !(typeof response === 'string' && /^\d{3}[ -]5\.7\.\d/.test(response));
}
