import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ended, json, says, Tiptop } from '../cli/tiptop';

const run = promisify(execFile);

interface Report {
  id: string;
  status: string;
  steps: { name: string; status: string; detail: string }[];
  copies: { place: string; verified: boolean; detail: string }[];
  rows: number;
  reason: string | null;
}

describe('tiptop backup run, on the embedded default', () => {
  let tiptop: Tiptop;

  beforeAll(async () => {
    tiptop = await Tiptop.build();
    const { exitCode, stderr } = await tiptop.runApart(['contests', 'create', '--slug', 'rig', '--tickets', '5000']);
    expect([exitCode, stderr.includes('rror')]).toEqual([0, false]);
  });
  afterAll(() => tiptop.remove());

  const backups = (): string => tiptop.path('data/backups');
  /** Backups there are, by their manifests, and partial folders. */
  async function left(): Promise<{ manifests: string[]; partials: string[] }> {
    const root = await readdir(backups());
    const manual = root.includes('manual') ? await readdir(join(backups(), 'manual')) : [];
    return {
      manifests: manual.filter((name) => name.endsWith('.manifest.json')),
      partials: root.filter((name) => name.endsWith('.partial')),
    };
  }

  it('makes one that stock tools open, and tells each step', async () => {
    const { exitCode, stdout, stderr } = await tiptop.runApart(['backup', 'run']);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^manual-\d{8}T\d{6}Z succeeded\n/)]);
    expect(stdout).toMatch(/^ {2}local {2}verified {2}/m);
    expect(stderr).toMatch(/^passed +database +\d+ tables, \d+ rows/m);
    expect(stderr).toMatch(/^disabled +images +DOCKER_HOST is not set/m);
    expect(stderr).toMatch(/^disabled +upload-s3 /m);
    const id = /^\S+/.exec(stdout)?.[0] ?? '';
    const opened = tiptop.path('opened');
    await mkdir(opened);
    const archive = join(backups(), 'manual', `${id}.tar.age`);
    const script =
      'set -euo pipefail; age --decrypt --identity "$1" "$2" | tar --extract --file -; sha256sum --quiet --check SHA256SUMS; ' +
      'gunzip --stdout db/*.dump.gz > dump; pg_restore --file=- --data-only --table=tickets dump | grep -c "^[0-9A-Z]\\{10\\}"';
    const key = tiptop.path('data/backup-keys/backup-2.key');
    const { stdout: rows } = await run('bash', ['-c', script, 'bash', key, archive], { cwd: opened });
    expect(rows.trim()).toBe('5000');
  });

  it('prints its report with --json, and nothing else', async () => {
    const made = await tiptop.runApart(['backup', 'run', '--kind', 'pre-deploy', '--json']);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    const report = json(made) as unknown as Report;
    expect(report).toMatchObject({
      id: expect.stringMatching(/^pre-deploy-/) as string,
      status: 'succeeded',
      copies: [{ place: 'local', verified: true }],
      reason: null,
    });
    expect(report.rows).toBeGreaterThan(5000);
    const listed = json(await tiptop.runApart(['backup', 'list', '--json'])) as unknown as { backups: Report[] };
    expect(listed.backups.map(({ id }) => id)).toContain(report.id);
    const verified = await tiptop.runApart(['backup', 'verify', report.id]);
    expect(verified.exitCode).toBe(0);
  });

  it('ends cleanly when it is interrupted, and the next one works', async () => {
    const before = await left();
    const child = tiptop.start(['backup', 'run']);
    child.stdin.end();
    const over = ended(child);
    await says(child, /^database: /m);
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await over;
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/tiptop: Interrupted by SIGINT/);
    expect(stderr).toMatch(/^failed +database +interrupted: /m);
    expect(await left()).toEqual({ ...before, partials: [] });
    const next = await tiptop.runApart(['backup', 'run', '--json']);
    expect(next.exitCode).toBe(0);
    expect((await left()).manifests).toHaveLength(before.manifests.length + 1);
  });

  it('fails with 1, names the step and the cause, and leaves what was there', async () => {
    const before = await left();
    const failing = await tiptop.runApart(['backup', 'run', '--json'], {
      env: { BACKUP_CONFIG_PATHS: '/nowhere/docker-compose.yml', BACKUP_ATTEMPTS: '1' },
    });
    expect(failing.exitCode).toBe(1);
    const report = json(failing) as unknown as Report;
    expect(report.status).toBe('failed');
    expect(report.reason).toMatch(/^configuration: .*\/nowhere\/docker-compose\.yml/);
    expect(await left()).toEqual({ ...before, partials: [] });
  });

  it('answers 3 where there is a backup, and something beside it wants a look', async () => {
    const folder = tiptop.path('linked');
    await mkdir(folder);
    await symlink('/etc/hostname', join(folder, 'leads-out'));
    const degraded = await tiptop.runApart(['backup', 'run'], { env: { BACKUP_CONFIG_OPTIONAL_PATHS: folder } });
    expect(degraded.exitCode).toBe(3);
    expect(degraded.stdout).toMatch(/^manual-\S+ degraded\n/);
    expect(degraded.stderr).toMatch(/^degraded +configuration /m);
  });

  it('writes down what the operator did', async () => {
    const log = await tiptop.runApart(['audit', 'verify', '--json']);
    const { entries } = json(log) as { entries: number };
    expect([log.exitCode, entries]).toEqual([0, expect.any(Number)]);
    expect(entries).toBeGreaterThanOrEqual(4);
  });
});
