import { readdir, readFile, stat } from 'node:fs/promises';
import type { OpsConfig } from '@tiptop/platform';
import { SAMPLE_AT, SampleBackup, sampleConfig } from '../archive/spec-support/sample-backup';
import { KeyPairs } from './key-pairs';
import { Recipients } from './recipients';

describe('Recipients', () => {
  const keyPairs = new KeyPairs({ now: () => SAMPLE_AT });
  let sample: SampleBackup;
  let keys: string[];

  beforeEach(async () => {
    sample = await SampleBackup.create();
    keys = [await sample.keyFile(sample.path('first')), await sample.keyFile(sample.path('second'))];
  });

  afterEach(() => sample.remove());

  function recipients(ops: Partial<OpsConfig> = {}, production = false): Recipients {
    return new Recipients(sampleConfig(sample.folder, ops, production), keyPairs);
  }

  it('are those of the configuration, each once', async () => {
    const chosen = await recipients({ ageRecipients: [...keys, keys[0]!] }, true).choose();
    expect(chosen).toEqual({ recipients: keys, note: undefined });
    expect(await recipients({ ageRecipients: keys.slice(0, 1) }).choose()).toMatchObject({ recipients: [keys[0]] });
    expect(await readdir(sample.path('data'))).not.toContain('backup-keys');
  });

  it('are two at least in production, and never made there', async () => {
    for (const few of [[], keys.slice(0, 1), [keys[0]!, keys[0]!]]) {
      await expect(recipients({ ageRecipients: few }, true).choose()).rejects.toMatchObject({
        mayPass: false,
        message: expect.stringContaining('BACKUP_AGE_RECIPIENTS: two different public keys') as string,
      });
    }
    expect(await recipients({}, true).identityFile()).toBeUndefined();
    expect(await readdir(sample.path('data'))).not.toContain('backup-keys');
  });

  it('are made once for development, and said to be', async () => {
    const folder = sample.path('data/backup-keys');
    const { recipients: made, note } = await recipients().choose();
    expect(note).toContain(folder);
    expect(new Set(made).size).toBe(2);
    expect(await recipients().choose()).toMatchObject({ recipients: made });
    expect((await readdir(folder)).toSorted()).toEqual(['backup-1.key', 'backup-2.key']);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const [n, name] of ['backup-1.key', 'backup-2.key'].entries()) {
      expect((await stat(`${folder}/${name}`)).mode & 0o777).toBe(0o600);
      expect(await keyPairs.recipientsOf(`${folder}/${name}`)).toEqual([made[n]]);
    }
    expect(await recipients().identityFile()).toBe(`${folder}/backup-1.key`);
  });

  it('are the same for all who make them at the same time', async () => {
    const chosen = await Promise.all(Array.from({ length: 8 }, () => recipients().choose()));
    expect(new Set(chosen.map((one) => one.recipients.join())).size).toBe(1);
    expect((await readdir(sample.path('data/backup-keys'))).length).toBe(2);
  });

  it('have an identity here only where one is configured or was made here', async () => {
    expect(await recipients({ drillKeyFile: '/keys/drill' }, true).identityFile()).toBe('/keys/drill');
    expect(await recipients({ ageRecipients: keys }).identityFile()).toBeUndefined();
    const file = await recipients().identityFile();
    expect(await readFile(file!, 'utf8')).toContain('AGE-SECRET-KEY-1');
  });
});
