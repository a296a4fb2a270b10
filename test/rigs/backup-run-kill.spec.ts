import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { archiveName, type BackupRun, LocalBackups, type LocalListing, manifestName } from '@tiptop/ops';
import { SystemClock } from '@tiptop/platform';
import { ended, json, says } from '../cli/tiptop';
import { type TiptopOnDatabase, tiptopOnDatabase } from '../cli/tiptop-on-database';
import { plantJenkinsHome } from '../support/jenkins-home';
import { opsConfig } from '../support/ops-config';
import { WebhookReceiver } from '../support/webhook-receiver';
import { type HeldFiles, heldInFolder } from './support/held-files';
import { descendantsOf, isRunning, type Relative } from './support/process-family';
import { SshServer } from './support/sshd';

/** Steps as a run tells that they are over. */
const STEPS = [
  ...['space', 'folder', 'database', 'restore-check', 'images', 'configuration', 'jenkins', 'archive'],
  ...['upload-s3', 'upload-sftp', 'prune-local', 'prune-sftp', 'report', 'notify'],
];
/** Which are switched off here: they are told of, and not begun. */
const DISABLED = ['images', 'upload-s3'];
const over = (step: string): RegExp => new RegExp(`^(passed|disabled) +${step} `, 'm');
/** So long a program may go on without the process that has started it. */
const MOMENT_MS = 3000;

/** What is left when a run was killed. */
interface Death {
  /** As its row says. */
  id: string;
  step: string | null;
  /** The last step of which it has told that it is over. */
  over: string;
  /** Programs that it had started and that ran when it was killed. */
  children: Relative[];
  local: LocalListing;
  remote: HeldFiles;
}

describe('A backup whose process is killed with -9', () => {
  const { signal } = new AbortController();
  let on: TiptopOnDatabase;
  let server: SshServer;
  let webhook: WebhookReceiver;
  let env: Record<string, string>;
  let local: LocalBackups;
  let localBefore: string[];
  let remoteBefore: HeldFiles;

  beforeAll(async () => {
    [on, server, webhook] = await Promise.all([tiptopOnDatabase(), SshServer.start(), WebhookReceiver.open()]);
    const home = on.tiptop.path('jenkins');
    await plantJenkinsHome(home);
    const { user, port, path, keyFile, hostKey } = server.config();
    env = {
      ALERT_WEBHOOK_URL: webhook.url,
      BACKUP_CONFIG_PATHS: await on.tiptop.file('docker-compose.yml', 'services: {}\n'),
      BACKUP_RESERVE_BYTES: '1000000',
      BACKUP_RETRY_SECONDS: '0',
      BACKUP_SFTP_HOST_KEY: hostKey,
      BACKUP_SFTP_KEY_FILE: keyFile,
      BACKUP_SFTP_URL: `sftp://${user}@127.0.0.1:${port}${path}`,
      JENKINS_HOME: home,
    };
    local = new LocalBackups(opsConfig({ backupDir: on.tiptop.path('data/backups') }), new SystemClock());
    // The steps of a run that nobody kills are those at whose ends the others are killed.
    const { exitCode, stderr } = await on.tiptop.runApart(['backup', 'run', '--kind', 'daily'], { env });
    expect([exitCode, stepsIn(stderr)]).toEqual([0, STEPS]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([on.clear(), server.stop(), webhook.close()]);
  });
  beforeEach(async () => {
    const { backups } = await local.list();
    // Two are enough to be harmed.
    for (const { id, backup } of backups.slice(2)) {
      await local.remove(id);
      for (const name of [archiveName(id), manifestName(id)]) {
        await rm(join(server.root, backup.kind, name), { force: true });
      }
    }
    localBefore = await verified(await local.list());
    remoteBefore = await heldInFolder(server.root);
    webhook.posts.length = 0;
  });

  /** @returns which backups are there, each of them read in full */
  async function verified({ backups }: LocalListing): Promise<string[]> {
    for (const { id } of backups) await local.verify(id, signal);
    return backups.map(({ id }) => id);
  }

  async function runs(condition: string, values: unknown[] = []): Promise<BackupRun[]> {
    const { rows } = await on.client.query<BackupRun>(`SELECT * FROM backup_runs WHERE ${condition}`, values);
    return rows;
  }

  /** Lets a run go on until it says something, and kills it. */
  async function kill(pattern: RegExp, before: (pid: number) => unknown = () => undefined): Promise<Death> {
    const child = on.tiptop.start(['backup', 'run', '--kind', 'daily'], env);
    child.stdin.end();
    const gone = ended(child);
    await says(child, pattern);
    // So that it gets no further while it is looked at.
    child.kill('SIGSTOP');
    const children = descendantsOf(child.pid ?? 0);
    await before(child.pid ?? 0);
    child.kill('SIGKILL');
    const { exitCode, stderr } = await gone;
    expect(exitCode).toBeNull();
    const [row, ...others] = await runs(`status = 'running'`);
    expect(others).toEqual([]);
    return {
      id: row!.id,
      step: row!.step,
      over: stepsIn(stderr).at(-1) ?? '',
      children,
      local: await local.list(),
      remote: await heldInFolder(server.root),
    };
  }

  async function expectNoOrphans({ children }: Death): Promise<void> {
    const deadline = performance.now() + MOMENT_MS;
    while (children.some(isRunning) && performance.now() < deadline) await pause(20);
    expect(children.filter(isRunning)).toEqual([]);
  }

  /** What was there is there, whole; of the dead run there is a whole backup in a place, or none. */
  async function expectNoHarm({ id, local: left, remote }: Pick<Death, 'id' | 'local' | 'remote'>): Promise<void> {
    expect((await verified(left)).filter((one) => one !== id && localBefore.includes(one))).toEqual(localBefore);
    expect(remote).toMatchObject(remoteBefore);
    if (!(`daily/${manifestName(id)}` in remote)) return;
    const { manifest } = await local.get(id);
    expect(remote[`daily/${archiveName(id)}`]).toBe(manifest.archive.sha256);
    const there = await readFile(join(server.root, 'daily', manifestName(id)), 'utf8');
    expect(JSON.parse(there)).toEqual(manifest);
  }

  async function expectNextOneWorks({ id, step, local: left, remote }: Death): Promise<void> {
    const next = await on.tiptop.runApart(['backup', 'run', '--json'], { env });
    expect(next).toMatchObject({ exitCode: 0, stderr: '' });
    const report = json(next) as { id: string; status: string };
    expect(report.status).toBe('succeeded');
    const where = step ?? 'before the first';
    const told = webhook.posts.map(({ body }) => body).filter((body) => body.includes(`Backup ${id} died`));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`Backup ${id} died in the step ${where}`);
    const wasWhole = left.backups.some((backup) => backup.id === id);
    expect(told[0]).toContain(
      wasWhole ? 'it stays, and counts' : 'what was left of it was removed. It counts nowhere.',
    );
    const [row] = await runs('id = $1', [id]);
    expect(row).toMatchObject({
      status: 'failed',
      finished_at: expect.any(Date) as Date,
      reason: `The process that made it has ended in the step ${where}`,
    });
    const now = await local.list();
    expect([now.partials, now.faults]).toEqual([[], []]);
    // Whole, or nothing.
    expect(await verified(now)).toEqual([report.id, ...(wasWhole ? [id] : []), ...localBefore]);
    const held = await heldInFolder(server.root);
    await expectNoHarm({ id, local: now, remote: held });
    expect(Object.keys(held)).toEqual(expect.arrayContaining([`manual/${manifestName(report.id)}`]));
    expect(`daily/${manifestName(id)}` in held).toBe(`daily/${manifestName(id)}` in remote);
  }

  it.each(STEPS)('as soon as the step %s is over: whole or nothing, told, and the next one works', async (step) => {
    const death = await kill(over(step));
    await expectNoOrphans(death);
    // On a machine that has much to do it has come further before the signal came.
    const at = STEPS.indexOf(death.over);
    expect(at).toBeGreaterThanOrEqual(STEPS.indexOf(step));
    // Its row is written right after it is told of, or a moment later.
    const begun = STEPS.slice(0, at + 1).findLast((name) => !DISABLED.includes(name));
    expect([begun, STEPS[at + 1]]).toContain(death.step);
    const { backups, partials } = death.local;
    const isLocal = backups.some(({ id }) => id === death.id);
    // In the middle of the archive's step it may have come to its place already.
    if (death.step !== 'archive' || death.over === 'archive') {
      expect(isLocal).toBe(at >= STEPS.indexOf('archive'));
      const hasFolder = at >= STEPS.indexOf('folder') && !isLocal;
      if (death.step !== 'folder') expect(partials.map(({ id }) => id)).toEqual(hasFolder ? [death.id] : []);
    }
    if (death.step !== 'upload-sftp' || death.over === 'upload-sftp') {
      expect(`daily/${manifestName(death.id)}` in death.remote).toBe(at >= STEPS.indexOf('upload-sftp'));
    }
    await expectNoHarm(death);
    await expectNextOneWorks(death);
  });

  it('when its archive is in the store, and not read back yet: it does not count there', async () => {
    const death = await kill(/^upload-sftp: reading it back$/m);
    expect(death.remote).toHaveProperty([`daily/${archiveName(death.id)}`]);
    expect(death.remote).not.toHaveProperty([`daily/${manifestName(death.id)}`]);
    await expectNoHarm(death);
    await expectNextOneWorks(death);
  });

  describe('in the middle of a step', () => {
    beforeAll(async () => {
      // Hardly to be compressed, so that there is a middle.
      await on.client.query(`
        CREATE TABLE ballast AS
          SELECT n, (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 28) WHERE n > 0) AS bytes
          FROM generate_series(1, 16000) n`);
    });
    afterAll(async () => {
      await on.client.query('DROP TABLE ballast');
    });

    it.each([
      { what: 'the dump', pattern: /^database: \S+ \wB dumped$/m, program: 'pg_dump' },
      { what: 'its restoration', pattern: /^restore-check: .*ballast.*$/m, program: 'pg_restore' },
      { what: 'the archive', pattern: /^archive: archive \d0 %$/m, program: 'age' },
    ])('$what: no $program goes on, nothing counts, and the next one works', async ({ pattern, program }) => {
      const death = await kill(pattern);
      expect(death.children.map(({ name }) => name)).toContain(program);
      await expectNoOrphans(death);
      expect(death.local.partials.map(({ id }) => id)).toEqual([death.id]);
      await expectNoHarm(death);
      await expectNextOneWorks(death);
    });

    it('the upload: what the store has of it does not count, and the next one works', async () => {
      const death = await kill(/^upload-sftp: sending \d0 %$/m, async () => {
        // What is on its way already does not arrive any more.
        expect(await server.signalSessions('SIGKILL')).toBeGreaterThan(0);
      });
      const sent = Object.keys(death.remote).filter((path) => path.includes(death.id));
      expect(sent).toEqual([expect.stringMatching(/^daily\/\..*\.part$/)]);
      await expectNoHarm(death);
      await expectNextOneWorks(death);
    });
  });
});

/** Steps that are over, as a run tells them. */
function stepsIn(stderr: string): string[] {
  return [...stderr.matchAll(/^(?:passed|disabled) +(\S+)/gm)].map(([, name = '']) => name);
}
