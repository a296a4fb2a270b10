import { opsConfig } from '../../../../test/support/ops-config';
import { hiddenWordsOf, HiddenWords } from './hidden-words';

function hidden(smtpUrl: string | undefined, alertWebhookUrl: string | undefined): HiddenWords {
  const config = opsConfig({ alertWebhookUrl });
  return hiddenWordsOf(config.with({ mail: { ...config.mail, smtpUrl } }));
}

describe('HiddenWords', () => {
  const words = hidden(
    'smtp://relay:p%40ss%2Fw0rd@mail.example',
    'https://hooks.example/services/T1/abcdef123?key=qwerty',
  );

  it.each([
    ['Invalid login for p@ss/w0rd', 'Invalid login for [redacted]'],
    ['p%40ss%2Fw0rd', '[redacted]'],
    [`334 ${Buffer.from('p@ss/w0rd').toString('base64')}`, '334 [redacted]'],
    [`AUTH PLAIN ${Buffer.from('\0relay\0p@ss/w0rd').toString('base64')}`, 'AUTH PLAIN [redacted]'],
    ['no /services/T1/abcdef123?key=qwerty here', 'no [redacted] here'],
    ['no https://hooks.example/services/T1/abcdef123?key=qwerty', 'no [redacted]'],
    ['no route to abcdef123', 'no route to [redacted]'],
    ['no key qwerty', 'no key [redacted]'],
    ['connect ECONNREFUSED hooks.example', 'connect ECONNREFUSED hooks.example'],
  ])('%s → %s', (text, told) => {
    expect(words.redact(text)).toBe(told);
  });

  it('has nothing to hide where nothing is set, nor in an address without a secret', () => {
    const text = 'smtp://mail.example/ https://hooks.example/';
    expect(hidden(undefined, undefined).redact(text)).toBe(text);
    expect(hidden('smtp://mail.example', 'https://other.example/').redact(text)).toBe(text);
    expect(new HiddenWords(['', 'ab', 'abcd']).redact('abcdab-')).toBe('[redacted][redacted]-');
  });

  it('hides a key without hiding every slash', () => {
    expect(hidden(undefined, 'https://other.example/?key=a%2Fbcdef').redact('/ a/bcdef a%2Fbcdef')).toBe(
      '/ [redacted] [redacted]',
    );
  });

  it('takes a broken escape as it stands', () => {
    expect(hidden(undefined, 'https://hooks.example/%zz-secret').redact('at %zz-secret')).toBe('at [redacted]');
  });
});
