import {
  type Contest,
  ContestRegistry,
  ContestsService,
  DeckService,
  type DeckVerification,
  type PresetName,
  PRESETS,
  PrintRunService,
} from '@tiptop/game';
import { AuditLog } from '@tiptop/platform';
import { Command, Option, SubCommand } from 'nest-commander';
import { CommandError } from '../failures/cli-error';
import { type Moment, moment } from '../options/moment';
import { MAX_TICKETS_AT_ONCE, oneOf, slug, wholeNumber } from '../options/options';
import { EXIT } from '../output/exit-codes';
import { contestDeed } from './contest-deed';
import { showProgress } from '../output/progress';
import { CliCommand, CommandGroup } from './cli-command';

const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];

interface ContestsCreateOptions {
  preset: PresetName;
  slug?: string;
  startsAt?: Moment;
  tickets?: number;
  uncheckedCodes?: true;
}

@SubCommand({ name: 'create', description: 'Make a contest, its tickets and its sealed deck' })
export class ContestsCreate extends CliCommand {
  override async run(_: string[], options: ContestsCreateOptions): Promise<void> {
    const { slug, startsAt, uncheckedCodes = false } = options;
    const preset = PRESETS[options.preset];
    // Codes without check characters come from elsewhere: the tickets are for an import to bring.
    const tickets = options.tickets ?? (uncheckedCodes ? 0 : preset.tickets);
    const contests = await this.backend.get(ContestsService);
    const audit = await this.backend.get(AuditLog);
    const contest = await contests.create(
      { preset, slug, startsAt: startsAt?.in(this.backend.config.timeZone), checkedCodes: !uncheckedCodes },
      async (manager, { id }) => {
        const details = { prizes: preset.prizes.length };
        await audit.record(manager, contestDeed('contest-created', id, details));
      },
    );
    if (tickets > 0) await this.generate(contest, tickets);
    this.output.result(
      { ...describeContest(contest), tickets },
      `Created ${contest.slug}: ${tickets} tickets, handed out ${contest.startsAt.toISOString()} to ` +
        `${contest.endsAt.toISOString()}, prizes until ${contest.claimEndsAt.toISOString()}`,
    );
  }

  @Option({ flags: '--preset <name>', description: PRESET_NAMES.join(', '), defaultValue: 'the-tip-top' })
  parsePreset(text: string): PresetName {
    return oneOf('--preset', text, PRESET_NAMES);
  }

  @Option({ flags: '--slug <slug>', description: 'its name in addresses and commands; the preset’s when left out' })
  parseSlug(text: string): string {
    return slug('--slug', text);
  }

  @Option({ flags: '--starts-at <moment>', description: 'ISO 8601, in TIME_ZONE without an offset; now when left out' })
  parseStartsAt(text: string): Moment {
    return moment('--starts-at', text);
  }

  @Option({
    flags: '--tickets <count>',
    description: 'how many to generate; 0 to import them; else as the preset says',
  })
  parseTickets(text: string): number {
    return wholeNumber('--tickets', text, { min: 0, max: MAX_TICKETS_AT_ONCE });
  }

  @Option({
    flags: '--unchecked-codes',
    description: 'for imported codes without check characters; implies --tickets 0',
  })
  parseUncheckedCodes(): true {
    return true;
  }

  private async generate(contest: Contest, count: number): Promise<void> {
    this.output.remarkOnFailure(
      `The contest ${contest.slug} exists, without tickets; to go on: ` +
        `tiptop tickets generate --contest ${contest.slug} --count ${count}`,
    );
    const printRuns = await this.backend.get(PrintRunService);
    const audit = await this.backend.get(AuditLog);
    const progress = showProgress(this.output.stderr, 'Generating tickets', count);
    try {
      await printRuns.generate(contest.id, count, progress.update, {
        finish: (manager) => audit.record(manager, contestDeed('print-run-done', contest.id, { count })),
      });
    } finally {
      progress.stop();
    }
  }
}

@SubCommand({
  name: 'verify',
  description: 'Prove that a contest’s deck is the one committed to, and dealt as it lies',
})
export class ContestsVerify extends CliCommand {
  override async run(_: string[], options: { contest: string }): Promise<void> {
    const contest = await (await this.backend.get(ContestsService)).bySlug(options.contest);
    await this.assertOpens(contest.id);
    const found = await (await this.backend.get(DeckService)).verify(contest.id);
    this.output.result(
      { contest: contest.slug, ...found },
      describeVerification(contest, found),
      found.holds ? EXIT.done : EXIT.failed,
    );
  }

  @Option({ flags: '--contest <slug>', description: 'which contest', required: true })
  parseContest(text: string): string {
    return text;
  }

  private async assertOpens(contestId: string): Promise<void> {
    const loaded = await (await this.backend.get(ContestRegistry)).find(contestId);
    if (!loaded?.commitment) {
      throw new CommandError('NO_TICKETS', 'This contest has no tickets yet, and so no deck to verify.');
    }
    if (!loaded.opened) {
      throw new CommandError('WRONG_DECK_SECRET', 'DECK_SECRET is not the one that sealed this contest’s deck.');
    }
  }
}

@Command({ name: 'contests', description: 'Contests', subCommands: [ContestsCreate, ContestsVerify] })
export class ContestsCommand extends CommandGroup {}

function describeContest({ id, slug, name, startsAt, endsAt, claimEndsAt, checkedCodes }: Contest): object {
  return { id, slug, name, startsAt, endsAt, claimEndsAt, checkedCodes };
}

function describeVerification({ slug }: Contest, found: DeckVerification): string {
  return [
    `${slug}: the deck ${found.holds ? 'holds' : 'DOES NOT HOLD'}`,
    `  commitment     ${found.commitment}`,
    `  seed and deck  ${found.commitmentHolds ? 'are as committed' : 'are NOT as committed'}`,
    `  stored cards   ${found.cardsIntact ? 'are that deck' : 'are NOT that deck'}`,
    `  wrong prizes   ${found.wrongPrizes}`,
  ].join('\n');
}
