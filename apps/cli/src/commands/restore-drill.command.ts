import { type DrillOutcome, LeasedDrills } from '@tiptop/ops';
import { Option, SubCommand } from 'nest-commander';
import { oneOf } from '../options/options';
import { NO_PROGRESS, showBackupProgress } from '../output/backup-progress';
import { EXIT, type ExitCode } from '../output/exit-codes';
import { CliCommand } from './cli-command';

const PLACES = ['local', 's3', 'sftp'] as const;
type Place = (typeof PLACES)[number];

const EXIT_CODES: Readonly<Record<DrillOutcome['status'], ExitCode>> = {
  passed: EXIT.done,
  degraded: EXIT.degraded,
  failed: EXIT.failed,
  // Somebody asked for it, and nothing was tried.
  disabled: EXIT.failed,
};

@SubCommand({
  name: 'drill',
  description:
    'Fetch backups from the stores, open them with the drill key, restore them beside the database, and compare',
})
export class RestoreDrill extends CliCommand {
  override async run(_: string[], { from }: { from?: Place }): Promise<void> {
    const drills = await this.backend.get(LeasedDrills);
    const observer = this.output.json ? NO_PROGRESS : showBackupProgress(this.output.stderr);
    let outcome: DrillOutcome;
    try {
      outcome = await this.backend.interruptibly((signal) => drills.drill({ store: from, signal, observer }));
    } finally {
      observer.stop();
    }
    this.output.result(outcome, describe(outcome), EXIT_CODES[outcome.status]);
  }

  @Option({ flags: '--from <place>', description: `${PLACES.join(', ')}: only that one; every store when left out` })
  parseFrom(text: string): Place {
    return oneOf('--from', text, PLACES);
  }
}

function describe({ detail, verdicts, warnings }: DrillOutcome): string {
  const lines = verdicts.map(
    ({ passed, source, backupId, detail: done }) =>
      `  ${passed ? 'passed' : 'FAILED'}  ${source.padEnd(6)} ${backupId}  ${done}`,
  );
  return [detail, ...lines, ...warnings.map((warning) => `  WARNING  ${warning}`)].join('\n');
}
