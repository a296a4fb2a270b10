import { profileOf } from './provider-profile';
import { OAuthRefused } from './social.errors';

const told = { subject: '42', email: 'odile@example.fr', emailVerified: true, firstName: 'Odile', lastName: 'Quentin' };

describe('profileOf', () => {
  it('keeps what will do as it is', () => {
    expect(profileOf(told)).toEqual(told);
  });

  it.each([
    ['not told', undefined],
    ['empty', ''],
    ['no address', 'odile'],
    ['too long', `${'o'.repeat(250)}@example.fr`],
    ['of two lines', 'odile@example.fr\r\nBcc: all@example.fr'],
    ['quoted', '"odile"@example.fr'],
    ['a number', 42],
    ['a list', ['odile@example.fr']],
  ])('takes an address that is %s for none, which nobody vouches for', (_, email) => {
    expect(profileOf({ ...told, email })).toMatchObject({ email: null, emailVerified: false });
  });

  it.each<[string, unknown, string | null]>([
    ['spaces around', '  Odile ', 'Odile'],
    ['spaces within', 'Odile \t Marie', 'Odile Marie'],
    ['control characters', 'O\u0000di\u0007le', 'O di le'],
    ['a tag', '<b>Odile</b>', 'b Odile /b'],
    ['line breaks', 'Odile\r\nBcc: x', 'Odile Bcc: x'],
    ['nothing left', '<>', null],
    ['spaces only', '   ', null],
    ['a number', 42, null],
    ['no name', undefined, null],
    ['no end', 'x'.repeat(300), 'x'.repeat(100)],
    ['half a character at its end', `${'x'.repeat(99)}😀😀`, 'x'.repeat(99)],
    ['half a character within', 'Od\ud83dile', 'Od ile'],
    ['accents', 'Zoé-Anaïs D’Été', 'Zoé-Anaïs D’Été'],
  ])('tidies a name with %s', (_, name, expected) => {
    expect(profileOf({ ...told, firstName: name, lastName: name })).toMatchObject({
      firstName: expected,
      lastName: expected,
    });
  });

  it.each([[undefined], [''], [42], [null], ['4'.repeat(256)], ['4\u00002'], [{}]])(
    'refuses to speak of %j',
    (subject) => {
      expect(() => profileOf({ ...told, subject })).toThrow(OAuthRefused);
    },
  );
});
