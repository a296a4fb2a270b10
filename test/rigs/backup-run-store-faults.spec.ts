import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { archiveName, type BackupRun, formatBackupId, manifestName, type StepReport } from '@tiptop/ops';
import { createTestDatabase, type TestDatabase } from '../support/database';
import '../support/one-realm';
import { OpsStage } from '../support/ops-stage';
import { CephStore } from './support/ceph';
import { type HeldFiles, heldInBucket, heldInFolder } from './support/held-files';
import { type S3FaultKind, S3FaultProxy, type SeenRequest } from './support/s3-faults';
import { SshServer } from './support/sshd';
import { TcpRelay } from './support/tcp-relay';

const MB = 1024 * 1024;
const never = (): AbortSignal => new AbortController().signal;

/** What goes wrong between a run and its bucket, and what is told of it. */
interface Fault {
  name: string;
  hook: (request: SeenRequest) => S3FaultKind | undefined;
  cause: RegExp;
  /** What is left in the bucket all the same; never a manifest. */
  leaves?: 'archive';
}

const isArchive = ({ path }: SeenRequest): boolean => path.includes('.tar.age');
const isManifest = ({ path }: SeenRequest): boolean => path.includes('.manifest.json');
const half = (body: Buffer): Buffer => body.subarray(0, Math.floor(body.length / 2));
const flipped = (body: Buffer): Buffer => {
  const copy = Buffer.from(body);
  copy[Math.floor(copy.length / 2)]! ^= 1;
  return copy;
};

const FAULTS: Fault[] = [
  {
    name: 'it answers 500 for ever',
    hook: (request) => (request.method === 'PUT' && isArchive(request) ? error500() : undefined),
    cause: /^s3: .*\b500\b/,
  },
  {
    name: 'it answers 500 for ever to whoever reads back',
    hook: (request) => (request.method === 'GET' && isArchive(request) ? error500() : undefined),
    cause: /^s3: .*\b500\b/,
    leaves: 'archive',
  },
  {
    name: 'it keeps half, and says that all is well',
    hook: (request) => (request.method === 'PUT' && isArchive(request) ? { kind: 'store', alter: half } : undefined),
    cause: /^s3: kept \d+ bytes of manual\/\S+\.tar\.age instead of \d+$/,
    leaves: 'archive',
  },
  {
    name: 'it keeps another byte, and says that all is well',
    hook: (request) => (request.method === 'PUT' && isArchive(request) ? { kind: 'store', alter: flipped } : undefined),
    cause: /keeps \S+\.tar\.age with other bytes than were sent: its SHA-256 is another$/,
    leaves: 'archive',
  },
  {
    name: 'what is read back is cut off',
    hook: (request) =>
      request.method === 'GET' && isArchive(request) ? { kind: 'truncate', announced: true } : undefined,
    cause: /^s3: /,
    leaves: 'archive',
  },
  {
    name: 'what is read back is half, and announced as such',
    hook: (request) =>
      request.method === 'GET' && isArchive(request) ? { kind: 'truncate', announced: false } : undefined,
    cause: /keeps \d+ bytes of \S+\.tar\.age, where \d+ were sent$/,
    leaves: 'archive',
  },
  {
    name: 'it keeps another manifest',
    hook: (request) =>
      request.method === 'PUT' && isManifest(request) ? { kind: 'store', alter: flipped } : undefined,
    cause: /keeps \S+\.manifest\.json with other bytes than were sent/,
    leaves: 'archive',
  },
  {
    name: 'it takes the archive and never answers',
    hook: (request) => (request.method === 'PUT' && isArchive(request) ? { kind: 'hang' } : undefined),
    cause: /^s3: no byte for 3 s, tried 3 times \(PutObject, /,
  },
];

describe('A backup whose bucket fails while the backup server does not', () => {
  let database: TestDatabase;
  let ceph: CephStore;
  let proxy: S3FaultProxy;
  let server: SshServer;
  /** To the server. */
  let relay: TcpRelay;
  let bucket: string;
  let stage: OpsStage;
  let earlier: BackupRun;
  let inBucketBefore: HeldFiles;
  let onServerBefore: HeldFiles;

  beforeAll(async () => {
    [database, ceph, server] = await Promise.all([createTestDatabase(), CephStore.start(), SshServer.start()]);
    [proxy, relay] = await Promise.all([S3FaultProxy.open(ceph), TcpRelay.open(server.port)]);
    bucket = await ceph.createBucket();
    stage = await OpsStage.set({
      databaseUrl: database.url,
      ops: {
        s3: ceph.config(bucket, { endpoint: proxy.url }),
        sftp: server.config({ port: relay.port }),
        alertEmails: ['ops@example.org'],
        attempts: 2,
        stallSeconds: 3,
      },
    });
    earlier = await stage.run();
    expect([earlier.status, earlier.reason]).toEqual(['succeeded', null]);
  }, 90_000);
  afterAll(async () => {
    await stage.strike();
    await relay.close();
    await Promise.all([proxy.close(), ceph.stop(), server.stop(), database.drop()]);
  });
  beforeEach(async () => {
    inBucketBefore = await heldInBucket(ceph.admin, bucket);
    onServerBefore = await heldInFolder(server.root);
    stage.alerts.heard.length = 0;
  });
  afterEach(() => {
    proxy.fail();
  });

  const step = (run: BackupRun, name: string): StepReport | undefined => run.steps.find((one) => one.name === name);

  /** It is whole here and on the server; what was there before is there, whole, and everywhere. */
  async function expectNoHarm({ id, manifest }: BackupRun): Promise<void> {
    await stage.local.verify(earlier.id, never());
    const { backups, partials, faults } = await stage.local.list();
    expect([backups.slice(0, 2).map((backup) => backup.id), partials, faults]).toEqual([[id, earlier.id], [], []]);
    await stage.local.verify(id, never());
    expect(await heldInBucket(ceph.admin, bucket)).toMatchObject(inBucketBefore);
    const onServer = await heldInFolder(server.root);
    expect(onServer).toMatchObject(onServerBefore);
    expect(onServer[`manual/${archiveName(id)}`]).toBe(manifest?.archive.sha256);
    expect(onServer).toHaveProperty([`manual/${manifestName(id)}`]);
  }

  async function expectNextOneWorks(): Promise<void> {
    proxy.fail();
    earlier = await stage.run();
    expect([earlier.status, earlier.reason]).toEqual(['succeeded', null]);
    const held = await heldInBucket(ceph.admin, bucket);
    expect(held[`manual/${archiveName(earlier.id)}`]).toBe(earlier.manifest?.archive.sha256);
    expect(held).toHaveProperty([`manual/${manifestName(earlier.id)}`]);
  }

  it('twice with 500: it is sent again, and nobody is woken', async () => {
    proxy.fail((request) =>
      request.method === 'PUT' && isArchive(request) && request.nth <= 2 ? error500() : undefined,
    );
    const run = await stage.run();
    expect(proxy.seen.filter((request) => request.method === 'PUT' && isArchive(request))).toHaveLength(3);
    expect([run.status, run.reason]).toEqual(['succeeded', null]);
    expect(stage.alerts.heard.map(({ level }) => level)).toEqual(['success']);
    await expectNoHarm(run);
    earlier = run;
  });

  it.each(FAULTS)(
    'because $name: it counts where it is whole, is told, and a later one works',
    async (fault) => {
      proxy.fail(fault.hook);
      const run = await stage.run();
      expect([run.status, run.reason]).toEqual(['degraded', null]);
      const detail = expect.stringMatching(fault.cause) as string;
      expect(step(run, 'upload-s3')).toMatchObject({ status: 'failed', attempts: 2, detail });
      expect(step(run, 'upload-sftp')).toMatchObject({ status: 'passed' });
      // Nothing goes while this one is not verified everywhere.
      for (const place of ['local', 's3', 'sftp'])
        expect(step(run, `prune-${place}`)).toMatchObject({ status: 'degraded' });
      expect(run.copies).toMatchObject([
        { place: 'local', verified: true },
        { place: 's3', verified: false, detail },
        { place: 'sftp', verified: true },
      ]);
      const [again, end, ...others] = stage.alerts.heard;
      expect(again).toMatchObject({ level: 'warning', facts: { backup: run.id, step: 'upload-s3', cause: detail } });
      expect(end).toMatchObject({
        level: 'warning',
        subject: `Backup ${run.id} is made, and needs a look`,
        facts: { backup: run.id, step: 'upload-s3', cause: detail },
      });
      expect(others).toEqual([]);
      await expectNoHarm(run);
      const left = Object.keys(await heldInBucket(ceph.admin, bucket)).filter((key) => key.includes(run.id));
      expect(left).toEqual(fault.leaves === 'archive' ? [`manual/${archiveName(run.id)}`] : []);
      await expectNextOneWorks();
    },
    60_000,
  );

  it('and the backup server as well: it fails, and what is here stays', async () => {
    proxy.fail((request) => (request.method === 'PUT' ? error500() : undefined));
    await relay.close();
    const run = await stage.run();
    relay = await TcpRelay.open(server.port, 0, relay.port);
    expect(run.status).toBe('failed');
    expect(run.reason).toMatch(/^No copy away from this machine could be verified: .*upload-s3: .*500/);
    expect(run.reason).toMatch(/upload-sftp: /);
    expect(stage.alerts.heard.at(-1)).toMatchObject({
      level: 'failure',
      subject: `Backup ${run.id} HAS FAILED`,
      facts: { step: expect.stringMatching(/^upload-/) as string, cause: expect.any(String) as string },
    });
    await stage.local.verify(run.id, never());
    await stage.local.verify(earlier.id, never());
    expect(await heldInBucket(ceph.admin, bucket)).toMatchObject(inBucketBefore);
    expect(Object.keys(await heldInFolder(server.root))).not.toContain(`manual/${manifestName(run.id)}`);
    await expectNextOneWorks();
  }, 60_000);

  it('long ago, in the middle of an upload: a later run clears its parts away, and none of one under way', async () => {
    const Key = `manual/${archiveName(formatBackupId({ kind: 'manual', at: new Date('2026-11-01T10:00:00Z') }))}`;
    const { UploadId } = await ceph.admin.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    const Body = Buffer.alloc(5 * MB);
    await ceph.admin.send(new UploadPartCommand({ Bucket: bucket, Key, UploadId, PartNumber: 1, Body }));
    const uploads = async (): Promise<(string | undefined)[]> => {
      const { Uploads = [] } = await ceph.admin.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.map((upload) => upload.UploadId);
    };
    await expectNextOneWorks();
    expect(await uploads()).toEqual([UploadId]);
    // Two days later, as far as the list of uploads says.
    const before = new Date(Date.now() - 48 * 3_600_000).toISOString();
    const alter = (text: string): string =>
      text.replace(/<Initiated>[^<]*<\/Initiated>/g, `<Initiated>${before}</Initiated>`);
    proxy.fail(({ method, path }) =>
      method === 'GET' && /[?&]uploads/.test(path) ? { kind: 'rewrite', alter } : undefined,
    );
    const run = await stage.run();
    expect(run.status).toBe('succeeded');
    expect(step(run, 'prune-s3')?.detail).toMatch(/1 broken uploads cleared away/);
    expect(await uploads()).toEqual([]);
  }, 60_000);
});

function error500(): S3FaultKind {
  return { kind: 'status', status: 500, code: 'InternalError' };
}
