import { MailFailure } from './mail-failure';

const refusal = (responseCode: number, command: string, text = 'refused') =>
  Object.assign(new Error(`It failed: ${responseCode} ${text}`), {
    responseCode,
    command,
    response: `${responseCode} ${text}`,
  });

describe('A letter’s failure', () => {
  it.each([
    ['an unknown recipient', refusal(550, 'RCPT TO', '5.1.1 no such user'), true],
    ['a recipient without a reason', refusal(550, 'RCPT TO'), true],
    ['a letter', refusal(554, 'DATA', '5.6.0 malformed'), true],
    ['a full mailbox, for now', refusal(452, 'RCPT TO', '4.2.2 full'), false],
    ['a letter, for now', refusal(451, 'DATA'), false],
    // What is wrong with us would cost all letters.
    ['relaying by us', refusal(554, 'RCPT TO', '5.7.1 relay access denied'), false],
    ['our reputation', refusal(550, 'DATA', '5.7.26 unauthenticated'), false],
    ['our sender', refusal(550, 'MAIL FROM', '5.1.0 sender rejected'), false],
    ['our password', refusal(535, 'AUTH PLAIN', '5.7.8 bad credentials'), false],
    ['the connection', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNECTION' }), false],
    ['something that is no error', 'gone', false],
  ])('is for good or not where the server refuses %s', (_, error, permanent) => {
    expect(MailFailure.of(error).permanent).toBe(permanent);
  });

  it('tells why, and of nobody', () => {
    const error = new Error(
      '550 <Zoe.L+x@localhost>: Zoé Lefèvre\r\n has moved to other@example.fr (zoe.l+X@LOCALHOST)',
    );
    const { message } = MailFailure.of(error, ['zoe.l+x@localhost', 'Zoé Lefèvre', '']);
    expect(message).toBe('550 <[redacted]>: [redacted] has moved to [redacted] ([redacted])');
    expect(MailFailure.of(new Error('x'.repeat(5000))).message).toHaveLength(500);
  });

  it('stays what it is when it is told again', () => {
    const failure = new MailFailure('why', true);
    expect(MailFailure.of(failure)).toBe(failure);
  });
});
