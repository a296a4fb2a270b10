import { ContestsService, type CounterDifference, type CounterReport, CounterVerification } from '@tiptop/game';
import { AuditLog, OPERATOR } from '@tiptop/platform';
import { Command, Option, SubCommand } from 'nest-commander';
import { EXIT } from '../output/exit-codes';
import { CliCommand, CommandGroup } from './cli-command';

interface StatsVerifyOptions {
  contest?: string;
  repair?: true;
}

@SubCommand({
  name: 'verify',
  description: 'Prove the counters of the statistics equal to a full count; with --repair, make them so',
})
export class StatsVerify extends CliCommand {
  override async run(_: string[], { contest: slug, repair }: StatsVerifyOptions): Promise<void> {
    const contestId =
      slug === undefined ? undefined : (await (await this.backend.get(ContestsService)).bySlug(slug)).id;
    const verification = await this.backend.get(CounterVerification);
    const found = await (repair ? verification.repair(contestId) : verification.verify(contestId));
    if (repair) {
      // Not with the repair, whose one snapshot no entry can be written in. All that it changed can be counted anew.
      const audit = await this.backend.get(AuditLog);
      const subject = contestId === undefined ? null : { type: 'contest', id: contestId };
      const details = { different: found.different };
      await audit.recordApart({ action: 'statistics-repaired', actor: OPERATOR, subject, details });
    }
    const repaired = repair === true && !found.holds;
    this.output.result(
      { contest: slug ?? null, ...found, repaired },
      describe(found, repaired),
      found.holds || repaired ? EXIT.done : EXIT.failed,
    );
  }

  @Option({ flags: '--contest <slug>', description: 'of one contest only; registrations belong to none' })
  parseContest(text: string): string {
    return text;
  }

  @Option({ flags: '--repair', description: 'count everything anew; plays go on meanwhile' })
  parseRepair(): true {
    return true;
  }
}

@Command({ name: 'stats', description: 'The counters of the statistics', subCommands: [StatsVerify] })
export class StatsCommand extends CommandGroup {}

function describe({ holds, different, differences }: CounterReport, repaired: boolean): string {
  if (holds) return 'The counters are equal to a full count.';
  const lines = differences.map(describeDifference);
  if (different > lines.length) lines.push(`  and ${different - lines.length} more`);
  return [`${different} counters ${repaired ? 'were wrong, and are right again' : 'ARE WRONG'}:`, ...lines].join('\n');
}

function describeDifference({ counter, contest, counted, actual, ...of }: CounterDifference): string {
  const marks = Object.entries(of).map(
    ([name, value]) => `${name} ${value instanceof Date ? value.toISOString() : String(value)}`,
  );
  return `  ${[contest ?? 'all contests', counter, ...marks].join('  ')}  counted ${counted}, in fact ${actual}`;
}
