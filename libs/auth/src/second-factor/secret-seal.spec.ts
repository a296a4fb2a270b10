import { randomUUID } from 'node:crypto';
import { AppConfig } from '@tiptop/platform';
import { SecretSeal } from './secret-seal';
import { newTotpSecret } from './totp';

const sealWith = (accountSecret: string): SecretSeal => new SecretSeal({ accountSecret } as AppConfig);

describe('A sealed second factor', () => {
  const seal = sealWith('a secret of the accounts, long enough');
  const userId = randomUUID();
  const [inUse, next] = [newTotpSecret(), newTotpSecret()];

  it('opens to the secrets that went in', () => {
    expect(seal.open(userId, seal.seal(userId, { inUse }))).toEqual({ inUse, next: undefined });
    expect(seal.open(userId, seal.seal(userId, { inUse, next }))).toEqual({ inUse, next });
  });

  it('shows none of them, and never looks the same', () => {
    const sealed = seal.seal(userId, { inUse });
    expect(sealed.includes(inUse)).toBe(false);
    expect(seal.seal(userId, { inUse })).not.toEqual(sealed);
  });

  it('does not open for another account, with another secret of the service, or where a bit of it was changed', () => {
    const sealed = seal.seal(userId, { inUse });
    expect(() => seal.open(randomUUID(), sealed)).toThrow();
    expect(() => sealWith('another secret of the accounts, as long').open(userId, sealed)).toThrow();
    for (let place = 0; place < sealed.length; place++) {
      const altered = Buffer.from(sealed);
      altered.writeUInt8((altered[place] ?? 0) ^ 1, place);
      expect(() => seal.open(userId, altered)).toThrow();
    }
    expect(() => seal.open(userId, sealed.subarray(0, 30))).toThrow();
  });
});
