import type { S3Config, SftpConfig } from '@tiptop/platform';
import { opsConfig } from '../../../../test/support/ops-config';
import { openStores } from './open-stores';

const S3: S3Config = {
  endpoint: 'https://user:word@s3.example:9000',
  region: 'eu-west-3',
  bucket: 'backups',
  prefix: 'tip/top',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'a-secret',
};
const SFTP: SftpConfig = {
  host: '::1',
  port: 2222,
  user: 'back up',
  path: '/srv/backups',
  keyFile: '/run/key',
  hostKey: 'ssh-ed25519 AAAA',
};
const LOGGER = { info: () => undefined, warn: () => undefined };

describe('The stores of an installation', () => {
  it('are those that it has settings for, and each says where it is without a secret', async () => {
    const stores = openStores(opsConfig({ s3: S3, sftp: SFTP }).ops, LOGGER);
    expect(stores.map(({ name, place }) => [name, place])).toEqual([
      ['s3', 's3://backups/tip/top at s3.example:9000'],
      ['sftp', 'sftp://back%20up@[::1]:2222/srv/backups'],
    ]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('are none where there are no settings', () => {
    expect(openStores(opsConfig({ s3: undefined, sftp: undefined }).ops, LOGGER)).toEqual([]);
  });
});
