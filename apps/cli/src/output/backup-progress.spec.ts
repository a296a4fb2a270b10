import { PassThrough } from 'node:stream';
import type { StepReport } from '@tiptop/ops';
import { NO_PROGRESS, showBackupProgress } from './backup-progress';

// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]|\u001b7|\u001b8/g;

function report(name: string, status: StepReport['status'], detail: string): StepReport {
  return { name, status, detail, startedAt: '', finishedAt: '', attempts: 1 };
}

describe('The progress of a backup', () => {
  it('is told in lines where nobody looks on: beginnings, tenths and outcomes', () => {
    const stream = new PassThrough();
    const view = showBackupProgress(stream);
    view.progress('database', '');
    for (let done = 0; done <= 100; done++) view.progress('database', 'dumping', done, 100);
    view.progress('database', 'verifying');
    view.progress('database', 'verifying');
    view.finished(report('database', 'passed', 'two\n  lines'));
    view.stop();
    const tenths = Array.from({ length: 10 }, (_, n) => `database: dumping ${n + 1}0 %`);
    expect(String(stream.read()).trimEnd().split('\n')).toEqual([
      'database',
      'database: dumping',
      ...tenths,
      'database: verifying',
      'passed    database       two lines',
    ]);
  });

  it('knows steps apart that go on at once, and a whole that turns out to be too small', () => {
    const stream = new PassThrough();
    const view = showBackupProgress(stream);
    view.progress('upload-s3', 'sending', 500, 1000);
    view.progress('upload-sftp', 'sending', 2000, 1000);
    view.progress('upload-s3', 'sending', 510, 1000);
    expect(String(stream.read())).toBe('upload-s3: sending 50 %\nupload-sftp: sending 100 %\n');
  });

  it('is a line for each step on a terminal, which its outcome takes the place of', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120, cursorTo: () => true });
    const view = showBackupProgress(stream);
    view.progress('upload-s3', 'sending', 1, 4);
    view.progress('upload-sftp', 'reading it back');
    view.finished(report('upload-s3', 'passed', 'read back in full'));
    view.progress('upload-sftp', 'sending', 9, 4);
    view.finished(report('prune-s3', 'disabled', 'switched off'));
    view.finished(report('upload-sftp', 'failed', 'no answer'));
    view.stop();
    const said = String(stream.read()).replace(ESCAPES, '');
    expect(said).toContain('passed    upload-s3      read back in full');
    expect(said).toMatch(/… +upload-sftp +100 % +sending/);
    expect(said).toContain('disabled  prune-s3       switched off');
    expect(said).toContain('failed    upload-sftp    no answer');
  });

  it('is nothing at all where only the document is wanted', () => {
    expect(() => {
      NO_PROGRESS.progress('database', 'dumping', 1, 2);
      NO_PROGRESS.finished(report('database', 'failed', 'x'));
      NO_PROGRESS.stop();
    }).not.toThrow();
  });
});
