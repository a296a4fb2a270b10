import { PasswordHasher } from './password-hasher';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();

  it('makes Argon2id hashes, different each time, that know their password and no other', async () => {
    const [first, second] = await Promise.all([hasher.hash('trois tasses'), hasher.hash('trois tasses')]);
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(second).not.toBe(first);
    expect(await hasher.verify(first, 'trois tasses')).toBe(true);
    expect(await hasher.verify(second, 'trois tasses')).toBe(true);
    for (const other of ['trois tasse', 'Trois tasses', 'trois tasses ', '']) {
      expect(await hasher.verify(first, other)).toBe(false);
    }
  });

  it('tells apart what lies beyond 72 bytes, and takes any character', async () => {
    const long = 'é'.repeat(60);
    const phc = await hasher.hash(`${long}a\u0000b`);
    expect(await hasher.verify(phc, `${long}a\u0000b`)).toBe(true);
    expect(await hasher.verify(phc, `${long}a\u0000c`)).toBe(false);
  });

  it('says no where there is no hash, even to the password of its decoy', async () => {
    for (const none of [null, undefined]) {
      expect(await hasher.verify(none, 'trois tasses')).toBe(false);
      expect(await hasher.verify(none, 'a password that nobody has')).toBe(false);
    }
  });
});
