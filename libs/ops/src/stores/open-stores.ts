import type { OpsConfig } from '@tiptop/platform';
import type { BackupStore } from './backup-store';
import { S3Store } from './s3/s3-store';
import { SftpStore } from './sftp/sftp-store';
import type { StoreOptions } from './store-options';

const MS = 1000;

/** The stores of this installation; a connection is first opened when one is asked for something. */
export function openStores(ops: OpsConfig, logger: StoreOptions['logger']): BackupStore[] {
  const limits = { totalMs: ops.stepSeconds * MS, stallMs: ops.stallSeconds * MS };
  const stores: BackupStore[] = [];
  if (ops.s3) stores.push(new S3Store(ops.s3, { limits, logger }));
  if (ops.sftp) stores.push(new SftpStore(ops.sftp, { limits, logger }));
  return stores;
}
