import { type RetentionOutcome, type RetentionPlan, RetentionService } from '@tiptop/auth';
import { OPERATOR } from '@tiptop/platform';
import { Option, SubCommand } from 'nest-commander';
import { CommandError } from '../failures/cli-error';
import { EXIT } from '../output/exit-codes';
import { CliCommand } from './cli-command';

@SubCommand({
  name: 'retention',
  description:
    'List the customers’ accounts that nobody has used for RETENTION_INACTIVE_DAYS; with --apply, erase them',
})
export class UsersRetention extends CliCommand {
  override async run(_: string[], { apply }: { apply?: true }): Promise<void> {
    const retention = await this.backend.get(RetentionService);
    if (apply) await this.apply(retention);
    else this.plan(await retention.plan());
  }

  @Option({ flags: '--apply', description: 'do it, and remove what has expired as well; for good' })
  parseApply(): true {
    return true;
  }

  private plan({ inactiveSince, accounts }: RetentionPlan): void {
    const since = inactiveSince.toISOString();
    const lines = accounts.map(
      ({ id, lastActiveAt, keptBecause }) =>
        `${id}  ${lastActiveAt.toISOString()}  ${keptBecause === null ? 'to be erased' : `kept: ${keptBecause}`}`,
    );
    const due = accounts.filter(({ keptBecause }) => keptBecause === null).length;
    const summary = `Not used since ${since}: ${accounts.length} accounts, of which ${due} would be erased by --apply.`;
    this.output.result({ applied: false, inactiveSince: since, accounts }, [...lines, summary].join('\n'));
  }

  private async apply(retention: RetentionService): Promise<void> {
    const outcome = await retention.run(undefined, OPERATOR);
    if (!outcome) throw new CommandError('RETENTION_RUNNING', 'Another process is at the retention; try again later.');
    const code = outcome.failed > 0 ? EXIT.degraded : EXIT.done;
    this.output.result({ applied: true, ...outcome }, describe(outcome), code);
  }
}

function describe({ inactiveSince, erased, kept, failed, expired }: RetentionOutcome): string {
  const removed = Object.values<number>({ ...expired }).reduce((sum, count) => sum + count, 0);
  return (
    `Not used since ${inactiveSince.toISOString()}: ${erased} accounts erased, ${kept} kept, ${failed} failed; ` +
    `${removed} expired rows removed.`
  );
}
