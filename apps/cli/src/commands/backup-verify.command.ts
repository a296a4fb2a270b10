import { type ArchiveVerdict, ArchiveVerification, bytesInWords, parseBackupId } from '@tiptop/ops';
import { Option, SubCommand } from 'nest-commander';
import { UsageError } from '../failures/cli-error';
import { oneOf } from '../options/options';
import { NO_PROGRESS, showBackupProgress } from '../output/backup-progress';
import { EXIT } from '../output/exit-codes';
import { CliCommand } from './cli-command';

const PLACES = ['local', 's3', 'sftp'] as const;
type Place = (typeof PLACES)[number];

@SubCommand({
  name: 'verify',
  description: 'Read a backup in full and hold it against its manifest; with a private key, open it as well',
  arguments: '<id>',
  argsDescription: { id: 'of the backup, as "backup list" shows it' },
})
export class BackupVerify extends CliCommand {
  override async run([id = '']: string[], { identity, from }: { identity?: string; from: Place }): Promise<void> {
    if (!parseBackupId(id)) throw new UsageError(`<id>: ${JSON.stringify(id)} is no backup’s name.`);
    const verification = await this.backend.get(ArchiveVerification);
    const view = this.output.json ? NO_PROGRESS : showBackupProgress(this.output.stderr);
    let verdict: ArchiveVerdict;
    try {
      verdict = await this.backend.interruptibly((signal) =>
        verification.verify({
          id,
          from,
          identityFile: identity,
          signal,
          progress: (text, done, whole) => {
            view.progress('verify', text, done, whole);
          },
        }),
      );
    } finally {
      view.stop();
    }
    this.output.result(verdict, describe(verdict), verdict.passed ? EXIT.done : EXIT.failed);
  }

  @Option({
    flags: '--identity <file>',
    description: 'a private key of "backup keygen": the archive is opened with it',
  })
  parseIdentity(text: string): string {
    return text;
  }

  @Option({ flags: '--from <place>', description: `${PLACES.join(', ')}: which copy`, defaultValue: 'local' })
  parseFrom(text: string): Place {
    return oneOf('--from', text, PLACES);
  }
}

function describe({ id, place, passed, method, detail, archive, quarantined }: ArchiveVerdict): string {
  const facts = archive
    ? [`  ${bytesInWords(archive.bytes)}, ${archive.artifacts} files, SHA-256 ${archive.sha256}`]
    : [];
  const notes = quarantined === null ? [] : [`  quarantined: ${quarantined}`];
  const verdict = passed
    ? method === 'opened'
      ? 'is sound, opened in full'
      : 'is sound, hashed in full'
    : 'IS NOT SOUND';
  return [`${id} in ${place} ${verdict}: ${detail}`, ...facts, ...notes].join('\n');
}
