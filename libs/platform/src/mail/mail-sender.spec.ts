import type { AppConfig } from '../config/app-config';
import { createLogger } from '../logging/logger';
import type { MailFailure } from './mail-failure';
import { type ComposedMail, MailKinds, type MailOrder } from './mail-kinds';
import { MailSender } from './mail-sender';
import { MailTransport } from './mail-transport';

const ORDER: MailOrder = {
  id: '00000000-0000-4000-8000-000000000001',
  kind: 'greeting',
  userId: '00000000-0000-4000-8000-000000000002',
  data: {},
  createdAt: new Date('2026-11-22T12:00:00Z'),
};
const TEXT = { subject: 'Bonjour', body: '<p>Bonjour</p>' };
const LETTER: ComposedMail = {
  to: { name: 'Zoé Lefèvre', address: 'zoe@localhost' },
  language: 'fr',
  texts: { fr: TEXT, en: TEXT },
  variables: {},
};

class RecordingTransport extends MailTransport {
  override readonly keepsLetters = false;
  readonly calls: string[] = [];

  constructor(private readonly failure?: Error) {
    super();
  }

  override async deliver(): Promise<Record<string, string>> {
    this.calls.push('deliver');
    return this.failure ? Promise.reject(this.failure) : Promise.resolve({});
  }

  override async withdraw(): Promise<void> {
    this.calls.push('withdraw');
    return Promise.resolve();
  }

  override close(): void {
    this.calls.push('close');
  }
}

/** @param letter what is composed; nothing where the letter has become pointless */
function sender(transport: MailTransport, letter?: ComposedMail) {
  const kinds = new MailKinds();
  kinds.register('greeting', () => Promise.resolve(letter));
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  const config = { mail: { from: 'a@shop.example' } } as AppConfig;
  return { sender: new MailSender(kinds, transport, config, logger), lines };
}

const never = () => new AbortController().signal;

describe('The sender of letters', () => {
  it('sends a letter and says so, without saying to whom', async () => {
    const transport = new RecordingTransport();
    const { sender: good, lines } = sender(transport, LETTER);
    await good.send(ORDER, never());
    expect(transport.calls).toEqual(['deliver']);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: 'info', time: expect.any(String) as string, kind: 'greeting', mailId: ORDER.id, msg: 'Letter sent' },
    ]);
  });

  it('sends nothing that has become pointless', async () => {
    const transport = new RecordingTransport();
    const { sender: idle, lines } = sender(transport);
    await idle.send(ORDER, never());
    expect(transport.calls).toEqual(['withdraw']);
    expect(lines).toEqual([]);
  });

  it('sends nothing that somebody else has taken over meanwhile', async () => {
    const transport = new RecordingTransport();
    const lost = AbortSignal.abort(new Error('taken over'));
    await expect(sender(transport, LETTER).sender.send(ORDER, lost)).rejects.toMatchObject({
      message: 'taken over',
      permanent: false,
    });
    expect(transport.calls).toEqual([]);
  });

  it('tells of a failure, and not of the reader', async () => {
    const told = '550 5.1.1 zoe@localhost: Zoé Lefèvre (zoe, LEFÈVRE) is unknown in zone Zoétrope';
    const refusal = Object.assign(new Error(told), {
      responseCode: 550,
      command: 'RCPT TO',
    });
    const failed = sender(new RecordingTransport(refusal), LETTER).sender.send(ORDER, never());
    await expect(failed).rejects.toMatchObject<Partial<MailFailure>>({
      name: 'MailFailure',
      message: '550 5.1.1 [redacted]: [redacted] ([redacted], [redacted]) is unknown in zone Zoétrope',
      permanent: true,
    });
  });

  it('fails for now where nobody writes such letters', async () => {
    const failed = sender(new RecordingTransport(), LETTER).sender.send({ ...ORDER, kind: 'other' }, never());
    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining('other') as string,
      permanent: false,
    });
  });
});

describe('Kinds of letters', () => {
  it('have one writer each', () => {
    const kinds = new MailKinds();
    kinds.register('greeting', () => Promise.resolve(LETTER));
    expect(() => {
      kinds.register('greeting', () => Promise.resolve(LETTER));
    }).toThrow('greeting');
  });
});
