import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { S3Config } from '@tiptop/platform';
import { Daemon, freePorts } from './daemon';

const run = promisify(execFile);
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const COMMAND_MS = 60_000;
const START_MS = 60_000;
const DEVICE_BYTES = 4 * 1024 ** 3;
export const REGION = 'us-east-1';

export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A whole Ceph on loopback that keeps everything in memory: one monitor, one disk, and the gateway that speaks S3. */
export class CephStore {
  /** May do everything. */
  readonly admin: S3Client;

  private constructor(
    readonly endpoint: string,
    readonly keys: S3Keys,
    private readonly folder: string,
    private readonly daemons: readonly Daemon[],
  ) {
    this.admin = clientOf(endpoint, keys);
  }

  /** About 15 s. */
  static async start(): Promise<CephStore> {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-ceph-'));
    const daemons: Daemon[] = [];
    try {
      return await boot(folder, daemons, (endpoint, keys) => new CephStore(endpoint, keys, folder, daemons));
    } catch (error) {
      const logs = daemons.map((daemon) => daemon.log()).join('\n');
      await stopAll(daemons);
      await rm(folder, { recursive: true, force: true });
      throw new Error(`Ceph did not start: ${logs}`, { cause: error });
    }
  }

  /** For config.ops.s3. @param endpoint where something stands in between */
  config(bucket: string, { prefix = '', keys = this.keys, endpoint = this.endpoint } = {}): S3Config {
    return { endpoint, region: REGION, bucket, prefix, ...keys };
  }

  /**
   * A bucket of a name of its own.
   * @param lockDays with versions, and each of them retained for so many days in COMPLIANCE; 0 locks only what asks for it
   */
  async createBucket({ versions = false, lockDays }: { versions?: boolean; lockDays?: number } = {}): Promise<string> {
    const Bucket = `backups-${randomBytes(4).toString('hex')}`;
    await this.admin.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: lockDays !== undefined }));
    if (versions) {
      await this.admin.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    }
    if (lockDays) {
      const Rule = { DefaultRetention: { Mode: 'COMPLIANCE' as const, Days: lockDays } };
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule };
      await this.admin.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    }
    return Bucket;
  }

  /** Keys that may write, read and list in a bucket, and remove nothing. */
  async createWriter(bucket: string): Promise<S3Keys> {
    const uid = `writer-${randomBytes(4).toString('hex')}`;
    const keys = randomKeys();
    await createUser(this.folder, uid, keys);
    const Principal = { AWS: [`arn:aws:iam:::user/${uid}`] };
    const allow = (Action: string[], Resource: string) => ({ Effect: 'Allow', Principal, Action, Resource });
    const Statement = [
      allow(['s3:PutObject', 's3:GetObject'], `arn:aws:s3:::${bucket}/*`),
      allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], `arn:aws:s3:::${bucket}`),
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await this.admin.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    return keys;
  }

  async stop(): Promise<void> {
    this.admin.destroy();
    await stopAll(this.daemons);
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function boot(
  folder: string,
  daemons: Daemon[],
  finished: (endpoint: string, keys: S3Keys) => CephStore,
): Promise<CephStore> {
  const [v2 = 0, v1 = 0, port = 0] = await freePorts(3);
  const monitors = `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`;
  const fsid = randomUUID();
  const conf = ['-c', join(folder, 'ceph.conf')];
  for (const name of ['mon', 'osd', 'rgw']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'ceph.conf'), configuration(folder, fsid, monitors));

  await ceph('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', monitors, join(folder, 'monmap')]);
  await ceph('ceph-mon', [...conf, '-i', 'a', '--mkfs', '--monmap', join(folder, 'monmap')]);
  daemons.push(Daemon.start('ceph-mon', [...conf, '-i', 'a', '-f']));
  const osd = randomUUID();
  await ceph('ceph', [...conf, 'osd', 'new', osd]);
  await ceph('ceph-osd', [...conf, '-i', '0', '--mkfs', '--osd-uuid', osd]);
  daemons.push(Daemon.start('ceph-osd', [...conf, '-i', '0', '-f']));
  const keys = randomKeys();
  await createUser(folder, 'tiptop', keys);
  const gateway = Daemon.start('radosgw', [
    ...[...conf, '-n', 'client.admin', '-f', '--ms_mon_client_mode=crc secure'],
    `--rgw_frontends=beast endpoint=127.0.0.1:${port}`,
  ]);
  daemons.push(gateway);
  const endpoint = `http://127.0.0.1:${port}`;
  await untilAnswers(endpoint, gateway);
  return finished(endpoint, keys);
}

function configuration(folder: string, fsid: string, monitors: string): string {
  const settings = {
    fsid,
    mon_host: monitors,
    auth_cluster_required: 'none',
    auth_service_required: 'none',
    auth_client_required: 'none',
    // Or radosgw waits for ever.
    ms_mon_client_mode: 'crc secure',
    public_addr: '127.0.0.1',
    cluster_addr: '127.0.0.1',
    osd_pool_default_size: 1,
    osd_pool_default_min_size: 1,
    osd_pool_default_pg_num: 1,
    osd_pool_default_pg_autoscale_mode: 'off',
    osd_objectstore: 'memstore',
    memstore_device_bytes: DEVICE_BYTES,
    // However little the machine has left on its disk: nothing of this goes there.
    mon_data_avail_warn: 1,
    mon_data_avail_crit: 0,
    osd_crush_chooseleaf_type: 0,
    run_dir: folder,
    admin_socket: join(folder, '$name.$pid.asok'),
    pid_file: join(folder, '$name.pid'),
    log_file: join(folder, '$name.log'),
    mon_cluster_log_file: join(folder, 'cluster.log'),
    crash_dir: join(folder, 'crash'),
    mon_data: join(folder, 'mon'),
    osd_data: join(folder, 'osd'),
    rgw_data: join(folder, 'rgw'),
  };
  return `[global]\n${Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')}`;
}

async function createUser(folder: string, uid: string, keys: S3Keys): Promise<void> {
  const { accessKeyId, secretAccessKey } = keys;
  await ceph('radosgw-admin', [
    ...['-c', join(folder, 'ceph.conf'), 'user', 'create', '--uid', uid, '--display-name', uid],
    ...['--access-key', accessKeyId, '--secret', secretAccessKey],
  ]);
}

async function ceph(program: string, args: readonly string[]): Promise<void> {
  await run(program, args, { timeout: COMMAND_MS, env: { PATH, LC_ALL: 'C.UTF-8' } });
}

async function untilAnswers(endpoint: string, gateway: Daemon): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    gateway.requireAlive();
    const answered = await fetch(endpoint, { signal: AbortSignal.timeout(5000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    if (Date.now() > deadline) throw new Error('The gateway does not answer');
    await sleep(100);
  }
}

/** Whoever needs another goes first; the disk is not asked twice, since there is nothing on it to be saved. */
async function stopAll(daemons: readonly Daemon[]): Promise<void> {
  for (const daemon of [...daemons].reverse()) await daemon.stop(2000);
}

function randomKeys(): S3Keys {
  return {
    accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
    secretAccessKey: randomBytes(20).toString('hex'),
  };
}

function clientOf(endpoint: string, credentials: S3Keys): S3Client {
  return new S3Client({
    endpoint,
    region: REGION,
    credentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}
