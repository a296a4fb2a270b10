import {
  bytesInWords,
  OperationLease,
  type PlacePlan,
  Pruner,
  type PruneOutcome,
  type RetentionDecision,
} from '@tiptop/ops';
import { AuditLog, OPERATOR } from '@tiptop/platform';
import { Option, SubCommand } from 'nest-commander';
import { EXIT, type ExitCode } from '../output/exit-codes';
import { CliCommand } from './cli-command';

/** What came of one place. */
type PlaceOutcome = PruneOutcome | { place: string; error: string };

@SubCommand({
  name: 'prune',
  description: 'Explain which backups are kept and which would go, and why; with --apply, remove those',
})
export class BackupPrune extends CliCommand {
  override async run(_: string[], { apply = false }: { apply?: boolean }): Promise<void> {
    const pruner = await this.backend.get(Pruner);
    if (apply) await this.apply(pruner);
    else await this.explain(pruner);
  }

  @Option({ flags: '--apply', description: 'remove what would go; for good' })
  parseApply(): true {
    return true;
  }

  private async explain(pruner: Pruner): Promise<void> {
    const plan = await this.backend.interruptibly((signal) => pruner.plan(signal));
    const due = plan.places.flatMap(({ decisions }) => decisions.filter(({ decision }) => decision === 'remove'));
    const freed = due.reduce((sum, { bytes }) => sum + bytes, 0);
    const summary = `${due.length} would be removed by --apply, and free ${bytesInWords(freed)}.`;
    const troubled = plan.places.some(({ refused, error }) => refused !== null || error !== null);
    const text = [...plan.places.flatMap(describePlace), summary].join('\n');
    this.output.result({ applied: false, ...plan }, text, troubled ? EXIT.degraded : EXIT.done);
  }

  private async apply(pruner: Pruner): Promise<void> {
    const lease = await this.backend.get(OperationLease);
    const outcomes = await this.backend.interruptibly((interruption) =>
      lease.hold('prune', interruption, async (signal) => {
        const plan = await pruner.plan(signal);
        const done: PlaceOutcome[] = [];
        for (const { place } of plan.places) {
          signal.throwIfAborted();
          // What can't be done in one place is no reason to leave the others alone.
          done.push(
            await pruner.prune(place, signal).catch((error: unknown) => ({ place, error: (error as Error).message })),
          );
        }
        return done;
      }),
    );
    await this.record(outcomes);
    this.output.result({ applied: true, places: outcomes }, outcomes.map(describeOutcome).join('\n'), codeOf(outcomes));
  }

  private async record(outcomes: readonly PlaceOutcome[]): Promise<void> {
    const audit = await this.backend.get(AuditLog);
    for (const outcome of outcomes) {
      if ('error' in outcome) continue;
      for (const { id, why } of outcome.removed) {
        await audit.recordApart({
          action: 'backup-removed',
          actor: OPERATOR,
          subject: { type: 'backup', id },
          details: { place: outcome.place, why },
        });
      }
    }
  }
}

function describePlace({ place, where, refused, error, decisions, unknown }: PlacePlan): string[] {
  const trouble = [
    ...(error === null ? [] : [`  COULD NOT BE ASKED: ${error}`]),
    ...(refused === null ? [] : [`  NOTHING IS REMOVED: ${refused}`]),
  ];
  return [
    `${place}: ${where}`,
    ...trouble,
    ...decisions.map(describeDecision),
    ...unknown.map((name) => `  left alone  ${name}`),
  ];
}

function describeDecision({ id, decision, bytes, reasons }: RetentionDecision): string {
  return `  ${decision.padEnd(6)}  ${id.padEnd(29)} ${bytesInWords(bytes).padStart(9)}  ${reasons.join('; ')}`;
}

function describeOutcome(outcome: PlaceOutcome): string {
  if ('error' in outcome) return `${outcome.place}: NOTHING WAS REMOVED: ${outcome.error}`;
  const { place, detail, removed, failed, kept, warnings } = outcome;
  return [
    `${place}: ${detail}`,
    ...removed.map(({ id, why }) => `  removed  ${id}  ${why}`),
    ...kept.map(({ id, why }) => `  kept     ${id}  ${why}`),
    ...failed.map(({ id, why }) => `  FAILED   ${id}  ${why}`),
    ...warnings.map((warning) => `  WARNING  ${warning}`),
  ].join('\n');
}

function codeOf(outcomes: readonly PlaceOutcome[]): ExitCode {
  if (outcomes.every((outcome) => 'error' in outcome)) return EXIT.failed;
  const sound = outcomes.every(
    (outcome) => !('error' in outcome) && outcome.failed.length + outcome.warnings.length === 0,
  );
  return sound ? EXIT.done : EXIT.degraded;
}
