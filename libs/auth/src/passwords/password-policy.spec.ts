import { PASSWORD_MAX_LENGTH, PasswordPolicy } from './password-policy';
import { WeakPassword } from './password.errors';

describe('PasswordPolicy', () => {
  const policy = new PasswordPolicy();
  const known = ['camille.martin@example.fr', 'Camille', 'Lefèvre-Martin'];

  async function verdict(password: string, about: readonly string[] = known): Promise<string | undefined> {
    try {
      await policy.assertStrong(password, about);
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(WeakPassword);
      const { fields } = error as WeakPassword;
      expect(fields).toHaveLength(1);
      expect(fields[0]?.path).toBe('password');
      return fields[0]?.message;
    }
  }

  it.each(['', 'a', 'Xk7#vQ9$z', '🫖🍵☕️'])('calls less than ten characters too short: %s', async (password) => {
    expect(await verdict(password)).toBe('password.tooShort');
  });

  it.each([
    'password12',
    'Password123!',
    'PASSWORD2024',
    'motdepasse1',
    'MotDePasse2024',
    'azertyuiop',
    'Azertyuiop!',
    'qwertyuiop12',
    '1234567890',
    'marseille13',
    ' 1q2w3e4r5t ',
  ])('calls %s leaked', async (password) => {
    expect(await verdict(password)).toBe('password.breached');
  });

  it('knows a leaked one behind accents, capitals and a few signs, and nothing in a leaked beginning', async () => {
    for (const password of ['Frédéric-99', 'FREDERIC2024', 'P@ssw0rd2024']) {
      expect([password, await verdict(password, [])]).toEqual([password, 'password.breached']);
    }
    expect(await verdict('frederic boit trois tasses', [])).toBeUndefined();
  });

  it.each([
    'aaaaaaaaaaaa',
    'abcdefghijkl',
    'CamilleMartin',
    'ellimaCnitraM',
    'c4m1ll3m4rt1n',
    'lefèvre-martin',
    'camille.martin@example.fr',
    'thetiptop2026',
    'TheTipTop!!',
    '17/05/1990 ',
  ])('calls %s guessable', async (password) => {
    expect(await verdict(password)).toBe('password.guessable');
  });

  it.each([
    'trois-tasses-de-sencha',
    'sept rooibos dansent lentement',
    'Xk7#vQ9$zP',
    'kvotzépiano',
    'le chat de la voisine a mangé mon oolong',
    '茉莉花茶和龙井茶都很好喝呢',
    'x9'.repeat(4) + 'Lapsang? Non: Keemun.',
  ])('is content with %s', async (password) => {
    expect(await verdict(password)).toBeUndefined();
  });

  it('weighs what is known of the person', async () => {
    const about = ['bz@gmail.example', 'Bartholomäus', 'Zwingli'];
    for (const password of [
      'Bartholomäus Zwingli',
      'zwingli.bartholomaus',
      'BARTHOLOMÄUSzwingli1990',
      'Zwingli.Bartholomäus',
      'bz@gmail.example2',
    ]) {
      expect([password, await verdict(password, [])]).toEqual([password, undefined]);
      expect([password, await verdict(password, about)]).toEqual([password, 'password.guessable']);
    }
    expect(await verdict('Zwingli boit trois tasses de sencha', about)).toBeUndefined();
  });

  it('judges the longest password and the strangest names without harm', async () => {
    expect(await verdict('a'.repeat(PASSWORD_MAX_LENGTH))).toBe('password.guessable');
    expect(
      await verdict('Xk7#vQ9$zP'.padEnd(PASSWORD_MAX_LENGTH, 'théière '), ['(', '[', '.*', '', '\\']),
    ).toBeUndefined();
  });
});
