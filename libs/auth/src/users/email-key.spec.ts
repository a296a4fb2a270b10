import fc from 'fast-check';
import { emailKey } from './email-key';

describe('emailKey', () => {
  it.each([
    ['Camille@Example.FR', 'camille@example.fr'],
    ['  camille@example.fr\t', 'camille@example.fr'],
    ['ｃａｍｉｌｌｅ＠example.fr', 'camille@example.fr'],
    ['zoe\u0301@example.fr', 'zo\u00e9@example.fr'],
    ['ZOÉ@EXAMPLE.FR', 'zoé@example.fr'],
    ['camille@MÜNCHEN.example', 'camille@xn--mnchen-3ya.example'],
    ['camille@mu\u0308nchen.example', 'camille@xn--mnchen-3ya.example'],
    ['camille@xn--MNCHEN-3YA.example', 'camille@xn--mnchen-3ya.example'],
    ['camille@例え。jp', 'camille@xn--r8jz45g.jp'],
    ['c.amille+tea@example.fr', 'c.amille+tea@example.fr'],
  ])('%s is %s', (email, key) => {
    expect(emailKey(email)).toBe(key);
  });

  it('changes nothing that is a key already', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        const key = emailKey(email);
        expect(emailKey(key)).toBe(key);
        expect(emailKey(email.toUpperCase())).toBe(key);
        expect(key).toBe(key.toLowerCase());
      }),
    );
  });
});
