import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, MovableClock } from '@tiptop/platform';
import { opsConfig } from '../../../../test/support/ops-config';
import { ReportFiles } from './report-files';
import { reportHtml } from './report-html';
import { SAMPLE_REPORT } from './spec-support/sample-report';

const { id } = SAMPLE_REPORT;
const UUID = '01234567-89ab-4cde-8f01-23456789abcd';

describe('ReportFiles', () => {
  let root: string;
  let folder: string;
  let clock: MovableClock;
  let files: ReportFiles;
  let lines: string[];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tiptop-reports-'));
    folder = join(root, 'reports');
    clock = new MovableClock();
    clock.moveTo(new Date('2026-11-22T02:10:00Z'));
    lines = [];
    const logger = createLogger('debug', { write: (line) => void lines.push(line) });
    files = new ReportFiles(opsConfig({ backupDir: root }), clock, logger);
  });

  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('writes both forms for its own account, reads one back, and replaces them', async () => {
    const paths = await files.write(SAMPLE_REPORT);
    expect(paths).toEqual([join(folder, `${id}.report.json`), join(folder, `${id}.report.html`)]);
    expect(await readFile(paths[1]!, 'utf8')).toBe(reportHtml(SAMPLE_REPORT));
    expect(await files.read(id)).toEqual(SAMPLE_REPORT);
    for (const path of paths) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await files.write({ ...SAMPLE_REPORT, reason: 'another' });
    expect((await files.read(id))?.reason).toBe('another');
    expect((await readdir(folder)).length).toBe(2);
  });

  it('has none of a backup that it was not given', async () => {
    expect(await files.read('daily-20261121T020000Z')).toBeUndefined();
  });

  it.each(['../daily-20261122T020000Z', 'daily-20261122T020000Z/../x', '', 'daily-20261340T020000Z'])(
    'makes no path of %j',
    async (bad) => {
      await expect(files.read(bad)).rejects.toThrow('is no backup’s name');
      await expect(files.write({ ...SAMPLE_REPORT, id: bad })).rejects.toThrow('is no backup’s name');
      expect(await readdir(root)).toEqual([]);
    },
  );

  it.each(['', '{', 'null', '[]', '{"id":"daily-20261122T020000Z"}', JSON.stringify({ ...SAMPLE_REPORT, id: 'x' })])(
    'takes %.40j for no report',
    async (text) => {
      await mkdir(folder);
      await writeFile(join(folder, `${id}.report.json`), text);
      await expect(files.read(id)).rejects.toThrow(`is not the report of ${id}`);
    },
  );

  it('refuses to read what is longer than any report', async () => {
    await mkdir(folder);
    await writeFile(join(folder, `${id}.report.json`), Buffer.alloc((16 << 20) + 1, ' '));
    await expect(files.read(id)).rejects.toThrow('which no report has');
  });

  it('removes reports of more than 400 days ago, and what a crash has left, and nothing else', async () => {
    await mkdir(folder);
    const old = ['daily-20251018T020000Z.report.json', 'pre-deploy-20240101T000000Z.report.html'];
    const left = `.daily-20261120T020000Z.report.json.${UUID}.tmp`;
    const kept = [
      'daily-20251018T030000Z.report.json',
      `.daily-20261121T030000Z.report.json.${UUID}.tmp`,
      'daily-20240101T000000Z.report.json.bak',
      'daily-20240231T000000Z.report.json',
      'x-daily-20240101T000000Z.report.json',
      'notes.txt',
      `.notes.${UUID}.tmp`,
    ];
    for (const name of [...old, left, ...kept]) await writeFile(join(folder, name), '');
    await mkdir(join(folder, 'daily-20240102T000000Z.report.json'));
    await symlink(join(folder, 'notes.txt'), join(folder, 'daily-20240103T000000Z.report.json'));
    await files.write(SAMPLE_REPORT);
    const expected = [
      ...kept,
      'daily-20240102T000000Z.report.json',
      'daily-20240103T000000Z.report.json',
      `${id}.report.json`,
      `${id}.report.html`,
    ];
    expect((await readdir(folder)).sort()).toEqual(expected.sort());
    expect(lines).toEqual([]);
  });

  it('leaves nothing half-written where it fails, and says why', async () => {
    await files.write(SAMPLE_REPORT);
    await rm(join(folder, `${id}.report.json`));
    // A rename onto a folder fails once the file is written.
    await mkdir(join(folder, `${id}.report.json`));
    await expect(files.write(SAMPLE_REPORT)).rejects.toMatchObject({
      name: 'StepFailure',
      message: expect.stringContaining(`The report of ${id} could not be written`) as string,
    });
    expect((await readdir(folder)).sort()).toEqual([`${id}.report.html`, `${id}.report.json`]);
  });
});
