import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { loadConfig, SystemClock } from '@tiptop/platform';
import { Archiver, type BackupKind, formatBackupId, KeyPairs, LocalBackups, Recipients } from '@tiptop/ops';
import {
  FixedAges,
  hashOf,
  sampleContents,
  sampleContext,
} from '../../libs/ops/src/archive/spec-support/sample-backup';
import { operatorEntries } from './operator-entries';
import { json, refusal, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

const DAY_MS = 86_400_000;

describe('tiptop backup', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;
  let folder: string;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
    folder = await mkdtemp(join(tmpdir(), 'tiptop-cli-backup-'));
    tiptop = tiptop.with({ DATA_DIR: folder });
  });
  beforeEach(async () => {
    await rm(join(folder, 'backups'), { recursive: true, force: true });
    await client.query('DELETE FROM backup_verifications; DELETE FROM operation_leases');
  });
  afterAll(async () => {
    await clear();
    await rm(folder, { recursive: true, force: true });
  });

  const config = () => loadConfig({ NODE_ENV: 'test', DATA_DIR: folder });
  const archiveOf = (id: string): string => join(folder, 'backups', 'daily', `${id}.tar.age`);

  /** A real archive, made as the service makes it. */
  async function make(daysAgo: number, quarantined: string | null = null): Promise<string> {
    const kind: BackupKind = 'daily';
    const id = formatBackupId({ kind, at: new Date(Date.now() - daysAgo * DAY_MS) });
    const settings = config();
    const local = new LocalBackups(settings, new SystemClock());
    const recipients = new Recipients(settings, new KeyPairs(new SystemClock()));
    const partial = await local.create(id);
    const dump = randomBytes(3000);
    await mkdir(join(partial, 'db'));
    await appendFile(join(partial, 'db/tiptop.dump.gz'), dump);
    const artifacts = [{ path: 'db/tiptop.dump.gz', bytes: dump.length, sha256: hashOf(dump) }];
    const { recipients: keys } = await recipients.choose();
    const archiver = new Archiver(settings, recipients, new FixedAges(settings));
    const contents = sampleContents(artifacts, keys, { id, kind, quarantined });
    await local.publish(await archiver.write(contents, sampleContext(partial, { id })));
    return id;
  }

  describe('list', () => {
    it('says so where there is none', async () => {
      expect(await tiptop.run(['backup', 'list'])).toEqual({
        exitCode: 0,
        stdout: 'There is no backup.\n',
        stderr: '',
      });
      expect(json(await tiptop.run(['backup', 'list', '--json']))).toEqual({ backups: [], problems: [] });
    });

    it('tells of each where it is, and what is verified of it', async () => {
      const [older, newer] = [await make(2, 'the dump is small'), await make(1)];
      await client.query(
        `INSERT INTO backup_verifications (backup_id, level, source, passed, detail, started_at, finished_at)
         VALUES ($1, 'restore', 'local', true, 'equal', '2026-11-01T02:00:00Z', now()),
           ($1, 'restore', 'local', false, 'a row less', '2026-11-02T02:00:00Z', now())`,
        [newer],
      );
      const { exitCode, stdout } = await tiptop.run(['backup', 'list']);
      const [first = '', second = '', ...rest] = stdout.trimEnd().split('\n');
      expect([exitCode, rest]).toEqual([0, []]);
      expect(first).toMatch(new RegExp(`^${newer} +\\d\\.\\d kB {2}local verified {2}restore FAILED 2026-11-02$`));
      expect(second).toMatch(new RegExp(`^${older} .* local verified {2}quarantined: the dump is small$`));
      expect(json(await tiptop.run(['backup', 'list', '--json']))).toMatchObject({
        backups: [
          { id: newer, places: [{ place: 'local', verified: true }], trials: [{ passed: false }, { passed: true }] },
          { id: older, quarantined: 'the dump is small', trials: [] },
        ],
        problems: [],
      });
    });

    it('answers 3 where something stands there that is no backup, and tells what', async () => {
      const id = await make(1);
      await rm(archiveOf(id));
      const { exitCode, stdout } = await tiptop.run(['backup', 'list']);
      expect(exitCode).toBe(3);
      expect(stdout).toMatch(/^There is no backup\.\nPROBLEM in local: .*has no archive beside it\n$/);
    });

    it('answers 3 where a store can’t be asked, and tells of the others', async () => {
      const id = await make(1);
      const unreachable = {
        BACKUP_S3_ENDPOINT: 'http://127.0.0.1:1',
        BACKUP_S3_BUCKET: 'none',
        BACKUP_S3_ACCESS_KEY_ID: 'id',
        BACKUP_S3_SECRET_ACCESS_KEY: 'a-secret-of-this-test',
      };
      const { exitCode, stdout, stderr } = await tiptop.run(['backup', 'list'], { env: unreachable });
      expect(exitCode).toBe(3);
      expect(stdout).toMatch(new RegExp(`^${id} .*\\nPROBLEM in s3: can’t be asked: s3: `));
      expect(stdout + stderr).not.toContain('a-secret-of-this-test');
    });
  });

  describe('verify', () => {
    it('hashes the archive, and opens it with a key', async () => {
      const id = await make(1);
      const hashed = await tiptop.run(['backup', 'verify', id]);
      expect(hashed).toMatchObject({ exitCode: 0 });
      expect(hashed.stdout).toMatch(new RegExp(`^${id} in local is sound, hashed in full: `));
      const identity = join(folder, 'backup-keys', 'backup-1.key');
      const opened = await tiptop.run(['backup', 'verify', id, '--identity', identity, '--json']);
      expect(json(opened)).toMatchObject({ id, place: 'local', passed: true, method: 'opened', fault: null });
      expect(opened).toMatchObject({ exitCode: 0, stderr: '' });
    });

    it('answers 1 where a byte is another one, and says what is wrong', async () => {
      const id = await make(1);
      await appendFile(archiveOf(id), 'x');
      const longer = await tiptop.run(['backup', 'verify', id, '--json']);
      expect(longer.exitCode).toBe(1);
      const { detail, passed } = json(longer) as { detail: string; passed: boolean };
      expect([passed, detail.includes('is not as it was written')]).toEqual([false, true]);
    });

    it('answers 1 for a key that does not fit, for a backup and for a place that there is not', async () => {
      const id = await make(1);
      const key = join(folder, `other-${id}.key`);
      expect((await tiptop.run(['backup', 'keygen', '--output', key])).exitCode).toBe(0);
      expect(json(await tiptop.run(['backup', 'verify', id, '--identity', key, '--json']))).toMatchObject({
        passed: false,
        fault: 'wrong-key',
      });
      for (const args of [['daily-20200101T020000Z'], [id, '--from', 's3']]) {
        const run = await tiptop.run(['backup', 'verify', ...args, '--json']);
        expect(run.exitCode).toBe(1);
        expect(refusal(run)).toMatchObject({ code: 'STEP_FAILED' });
      }
    });

    it.each([[['nonsense']], [['../../etc/passwd']], [['daily-20261122T020000Z', '--from', 'tape']], [[]]])(
      'answers 2 to %j',
      async (args) => {
        expect((await tiptop.run(['backup', 'verify', ...args])).exitCode).toBe(2);
      },
    );
  });

  describe('prune', () => {
    it('explains every decision, and removes nothing unless told to', async () => {
      const ids: string[] = [];
      for (const days of [45, 44, 3, 2, 1]) ids.push(await make(days));
      const { exitCode, stdout } = await tiptop.run(['backup', 'prune']);
      expect(exitCode).toBe(0);
      for (const id of ids) expect(stdout).toMatch(new RegExp(`^ {2}(keep|remove) +${id} .*\\S$`, 'm'));
      expect(stdout).toMatch(/\n2 would be removed by --apply, and free \d+\.\d kB\.\n$/);
      expect(await readdir(join(folder, 'backups', 'daily'))).toHaveLength(10);
      const plan = json(await tiptop.run(['backup', 'prune', '--json']));
      expect(plan).toMatchObject({ applied: false, places: [{ place: 'local', error: null, refused: null }] });
    });

    it('removes what it explained, on record', async () => {
      const [oldest, old] = [await make(45), await make(44)];
      const kept = [await make(2), await make(1)];
      const run = await tiptop.run(['backup', 'prune', '--apply', '--json']);
      expect(run.exitCode).toBe(0);
      const { places } = json(run) as { places: { removed: { id: string }[] }[] };
      expect(places.map(({ removed }) => removed.map(({ id }) => id).sort())).toEqual([[oldest, old].sort()]);
      const left = await readdir(join(folder, 'backups', 'daily'));
      expect(left.filter((name) => name.endsWith('.tar.age')).sort()).toEqual(kept.map((id) => `${id}.tar.age`).sort());
      const entries = (await operatorEntries(client)).filter(([action]) => action === 'backup-removed');
      expect(entries).toHaveLength(2);
      expect(entries[0]?.[1]).toMatchObject({ place: 'local' });
    });

    it('does nothing while something else is at work', async () => {
      await make(45);
      await client.query(
        `INSERT INTO operation_leases (environment, operation, owner, heartbeat_at)
         VALUES ('dev', 'restore', 'another host', clock_timestamp())`,
      );
      const run = await tiptop.run(['backup', 'prune', '--apply', '--json']);
      expect(run.exitCode).toBe(1);
      expect(refusal(run).code).toBe('OPERATION_UNDER_WAY');
      expect(refusal(run).message).toMatch(/\(restore, by another host, since .*Z\); try again later\.$/);
    });
  });

  it('keygen is among its commands, and needs no database', async () => {
    const run = await tiptop.run(['backup', 'keygen', '--json'], {
      env: { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' },
    });
    expect(json(run)).toMatchObject({ recipient: expect.stringMatching(/^age1/) as string });
  });

  it('restore drill says that it is disabled without a key', async () => {
    const run = await tiptop.run(['restore', 'drill', '--json']);
    expect([run.exitCode, json(run)['status']]).toEqual([1, 'disabled']);
  });

  it('run answers 2 to a kind that there is not, and touches nothing', async () => {
    expect((await tiptop.run(['backup', 'run', '--kind', 'hourly'])).exitCode).toBe(2);
    await expect(stat(join(folder, 'backups'))).rejects.toThrow('ENOENT');
  });
});
