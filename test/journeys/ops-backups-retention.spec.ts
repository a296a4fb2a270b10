import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Archiver, type BackupKind, formatBackupId, KeyPairs, LocalBackups, Recipients } from '@tiptop/ops';
import {
  FixedAges,
  hashOf,
  sampleContents,
  sampleContext,
} from '../../libs/ops/src/archive/spec-support/sample-backup';
import { type SessionBody, signInAs } from '../support/builders';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;

interface PlanBody {
  at: string;
  note: string | null;
  places: { place: string; error: string | null; decisions: { id: string; decision: string; reasons: string[] }[] }[];
}

describe('GET /v1/ops/retention/plan', () => {
  let test: TestApp;
  let admin: SessionBody;
  let folder: string;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    folder = await mkdtemp(join(tmpdir(), 'tiptop-retention-'));
  });
  afterAll(async () => {
    await test.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const plan = async ({ client }: TestApp): Promise<PlanBody> => {
    const { status, body } = await client.get<PlanBody>('/v1/ops/retention/plan', admin.accessToken);
    expect(status).toBe(200);
    return body;
  };

  /** In the backup folder of an instance. */
  async function make(instance: TestApp, daysAgo: number): Promise<string> {
    const { config, clock } = instance;
    const kind: BackupKind = 'daily';
    const id = formatBackupId({ kind, at: new Date(clock.now().getTime() - daysAgo * DAY_MS) });
    const local = new LocalBackups(config, clock);
    const partial = await local.create(id);
    await mkdir(join(partial, 'db'));
    await writeFile(join(partial, 'db/tiptop.dump.gz'), 'a dump');
    const recipients = new Recipients(config, new KeyPairs(clock));
    const artifacts = [{ path: 'db/tiptop.dump.gz', bytes: 6, sha256: hashOf('a dump') }];
    const contents = sampleContents(artifacts, (await recipients.choose()).recipients, { id, kind });
    const archiver = new Archiver(config, recipients, new FixedAges(config));
    await local.publish(await archiver.write(contents, sampleContext(partial, { id })));
    return id;
  }

  it('explains what the instance that is asked has in its folder', async () => {
    const backupDir = join(folder, 'backups');
    const instance = await test.replica({ ops: { ...test.config.ops, backupDir } });
    const [old, newer, newest] = [await make(instance, 40), await make(instance, 2), await make(instance, 1)];
    const { places, note } = await plan(instance);
    expect(note).toBeNull();
    expect(places).toMatchObject([{ place: 'local', where: backupDir, refused: null, error: null, unknown: [] }]);
    expect(places[0]?.decisions.map(({ id, decision }) => [id, decision])).toEqual([
      [newest, 'keep'],
      [newer, 'keep'],
      [old, 'remove'],
    ]);
    for (const { reasons } of places[0]?.decisions ?? []) expect(reasons.join()).toMatch(/\S/);
    // It was asked, not done.
    expect((await plan(instance)).places[0]?.decisions).toHaveLength(3);
  });

  it('says where to ask when the instance has neither folder nor store', async () => {
    const backupDir = join(folder, 'none');
    const facing = await test.replica({ ops: { ...test.config.ops, backupDir } });
    const { places, note } = await plan(facing);
    expect(places.flatMap(({ decisions }) => decisions)).toEqual([]);
    expect(note).toMatch(/"tiptop backup prune" where OPS_SCHEDULER is on/);
  });

  it('is an empty one, and no more, where backups are made and none is there yet', async () => {
    const backupDir = join(folder, 'empty');
    await mkdir(backupDir);
    const fresh = await test.replica({ ops: { ...test.config.ops, backupDir } });
    expect(await plan(fresh)).toMatchObject({ note: null, places: [{ place: 'local', decisions: [] }] });
  });
});
