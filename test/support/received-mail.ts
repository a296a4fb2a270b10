import { type ParsedMail, simpleParser } from 'mailparser';

/** A letter as its reader has it. */
export interface ReceivedMail {
  /** Whom it went to: the envelope's recipient, or the header's where a file has no envelope. */
  to: string;
  subject: string;
  text: string;
  html: string;
  /** With its angle brackets. */
  messageId: string;
  /** Value of a header by its name in lower case. */
  header: (name: string) => string | undefined;
  /** As it came over the wire, or stands in the file. */
  raw: string;
}

/** @param to the recipient that the envelope named */
export async function readMail(raw: Buffer, to?: string): Promise<ReceivedMail> {
  const parsed = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true });
  return {
    to: to ?? recipientOf(parsed),
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html || '',
    messageId: parsed.messageId ?? '',
    header: (name) => parsed.headerLines.find(({ key }) => key === name)?.line.replace(/^[^:]*:\s*/, ''),
    raw: raw.toString(),
  };
}

function recipientOf({ to }: ParsedMail): string {
  const [first] = to === undefined || Array.isArray(to) ? [] : to.value;
  return first?.address ?? '';
}
