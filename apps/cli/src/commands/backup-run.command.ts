import { BACKUP_KINDS, type BackupKind, type BackupRun, BackupRuns, bytesInWords } from '@tiptop/ops';
import { OPERATOR } from '@tiptop/platform';
import { Option, SubCommand } from 'nest-commander';
import { CommandError } from '../failures/cli-error';
import { oneOf } from '../options/options';
import { NO_PROGRESS, showBackupProgress } from '../output/backup-progress';

import { EXIT, type ExitCode } from '../output/exit-codes';
import { CliCommand } from './cli-command';

const EXIT_CODES: Readonly<Record<BackupRun['status'], ExitCode>> = {
  succeeded: EXIT.done,
  degraded: EXIT.degraded,
  failed: EXIT.failed,
  // Where it stopped before its end was written down.
  requested: EXIT.failed,
  running: EXIT.failed,
};

@SubCommand({ name: 'run', description: 'Make a backup now, and copy it to every store that is switched on' })
export class BackupMake extends CliCommand {
  override async run(_: string[], { kind }: { kind: BackupKind }): Promise<void> {
    const runs = await this.backend.get(BackupRuns);
    const progress = this.output.json ? NO_PROGRESS : showBackupProgress(this.output.stderr);
    let run: BackupRun | undefined;
    try {
      run = await this.backend.interruptibly((signal) =>
        runs.run({ kind, trigger: 'manual', by: OPERATOR, signal, observer: progress }),
      );
    } finally {
      progress.stop();
    }
    if (!run) throw new CommandError('BACKUP_TAKEN', 'Another process has made this backup.');
    this.output.result(documentOf(run), describe(run), EXIT_CODES[run.status]);
  }

  @Option({
    flags: '--kind <kind>',
    description: `${BACKUP_KINDS.join(', ')}: how long it is kept`,
    defaultValue: 'manual',
  })
  parseKind(text: string): BackupKind {
    return oneOf('--kind', text, BACKUP_KINDS);
  }
}

function documentOf({ id, kind, status, reason, steps, copies, report }: BackupRun): object {
  return report ?? { id, kind, status, reason, steps, copies };
}

function describe({ id, status, reason, manifest, copies }: BackupRun): string {
  if (status === 'failed') return `${id} FAILED: ${reason ?? 'no reason is known'}`;
  const facts = manifest
    ? [
        `  ${bytesInWords(manifest.archive.bytes)}, ${manifest.artifacts.length} files, SHA-256 ${manifest.archive.sha256}`,
      ]
    : [];
  const places = copies.map(
    ({ place, verified, detail }) => `  ${place.padEnd(6)} ${verified ? 'verified' : 'NO COPY'}  ${detail}`,
  );
  const quarantined = manifest?.quarantined ? [`  quarantined: ${manifest.quarantined}`] : [];
  return [`${id} ${status}`, ...facts, ...places, ...quarantined].join('\n');
}
