import { readFile, stat, writeFile } from 'node:fs/promises';
import { SAMPLE_AT, SampleBackup } from '../archive/spec-support/sample-backup';
import { parseIdentities } from './identity-file';
import { KeyPairs } from './key-pairs';

describe('Pairs of keys', () => {
  const keyPairs = new KeyPairs({ now: () => SAMPLE_AT });
  let sample: SampleBackup;

  beforeAll(async () => {
    sample = await SampleBackup.create();
  });

  afterAll(() => sample.remove());

  it('are new each time, and written for their owner alone', async () => {
    const [one, other] = [await keyPairs.generate(), await keyPairs.generate()];
    expect(one.identity).toMatch(/^AGE-SECRET-KEY-1[A-Z0-9]{58}$/);
    expect(one.recipient).toMatch(/^age1[a-z0-9]{58}$/);
    expect(other.identity).not.toBe(one.identity);
    const path = sample.path('key');
    await keyPairs.write(path, one);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe(
      `# created: 2026-11-22T02:00:00Z\n# public key: ${one.recipient}\n${one.identity}\n`,
    );
    expect(await keyPairs.recipientsOf(path)).toEqual([one.recipient]);
  });

  it('never take the place of a file', async () => {
    await writeFile(sample.path('precious'), 'precious');
    const written = keyPairs.write(sample.path('precious'), await keyPairs.generate());
    await expect(written).rejects.toThrow('there is a file of this name, and a key is never overwritten');
    expect(await readFile(sample.path('precious'), 'utf8')).toBe('precious');
    const nowhere = keyPairs.write(sample.path('none/key'), await keyPairs.generate());
    await expect(nowhere).rejects.toMatchObject({ name: 'StepFailure', mayPass: false });
  });

  it('are read from a file with several, in their order', async () => {
    const [one, other] = [await keyPairs.generate(), await keyPairs.generate()];
    await writeFile(sample.path('both'), `${keyPairs.format(one)}\r\n\n${keyPairs.format(other)}`);
    expect(await keyPairs.recipientsOf(sample.path('both'))).toEqual([one.recipient, other.recipient]);
  });

  it('tell of a file that is none, and nothing that stands in it', async () => {
    const { identity } = await keyPairs.generate();
    const mistyped = identity.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'));
    const files: [string, RegExp][] = [
      ['', /holds no private key/],
      ['# only a comment\n', /holds no private key/],
      [`# comment\n${identity} \n`, /Line 2 of the identity file is no private key/],
      [`${identity.toLowerCase()}\n`, /Line 1 of the identity file is no private key/],
      ['age-encryption.org/v1\n-> scrypt x 18\n', /protected by a passphrase/],
      ['-----BEGIN AGE ENCRYPTED FILE-----\n', /protected by a passphrase/],
      [`${mistyped}\n`, /mistyped: its checksum is wrong/],
    ];
    for (const [text, message] of files) {
      await writeFile(sample.path('wrong'), text);
      const error: unknown = await keyPairs.recipientsOf(sample.path('wrong')).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        name: 'StepFailure',
        mayPass: false,
        message: expect.stringMatching(message) as string,
      });
      expect(JSON.stringify([(error as Error).message, (error as Error).stack])).not.toContain(identity.slice(20, 40));
    }
    await expect(keyPairs.recipientsOf(sample.path('none'))).rejects.toThrow('there is no such file');
    expect(() => parseIdentities('AGE-SECRET-KEY-1TYPO')).toThrow(/Line 1/);
  });
});
