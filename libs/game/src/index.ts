import type { ClaimErrorCode } from './claims/claim.errors';
import type { ContestErrorCode } from './contests/contest.errors';
import type { PlayErrorCode } from './plays/play.errors';
import type { PrintRunErrorCode } from './tickets/print-run.errors';

export type GameErrorCode = ClaimErrorCode | ContestErrorCode | PlayErrorCode | PrintRunErrorCode;

export { StoreNotFound } from './claims/claim.errors';
export { ClaimEvent } from './claims/claim-event.entity';
export { FreeText } from './claims/dto/free-text.decorator';
export { Contest } from './contests/contest.entity';
export { type ContestChanges, ContestEditor, type PrizeChange } from './contests/contest-editor';
export { ContestNotFound, NoContest } from './contests/contest.errors';
export { ContestRegistry, type LoadedContest } from './contests/contest-registry';
export { type ContestDraft, ContestsService } from './contests/contests.service';
export { Deck } from './contests/deck.entity';
export { DeckService, type DeckVerification } from './contests/deck.service';
export { type ContestPreset, type PresetName, PRESETS } from './contests/presets';
export { Prize } from './contests/prize.entity';
export { DECK_ALGORITHM, verifyCommitment } from './domain/deck';
export { isAnyCode, isCheckedCode, normaliseCode } from './domain/ticket-code';
export { TICKET_STATUSES, type TicketStatus } from './domain/ticket-status';
export { GameModule } from './game.module';
export { PLAY_STATEMENT } from './plays/play-statement';
export { Reminder } from './reminders/reminder.entity';
export { REMINDER_JOB, ReminderJob } from './reminders/reminder-job';
export { ReminderScheduleModule } from './reminders/reminder-schedule.module';
export { type RemindersOutcome, RemindersService } from './reminders/reminders.service';
export { SmokeContest } from './smoke/smoke-contest';
export { SmokeModule } from './smoke/smoke.module';
export { ContestCounts, type CountsOfContest, type PeopleCount, type PrizeCounts } from './statistics/contest-counts';
export { CounterFolding } from './statistics/counter-folding';
export { type CounterDifference, type CounterReport, CounterVerification } from './statistics/counter-verification';
export { FoldJob } from './statistics/fold-job';
export { FoldScheduleModule } from './statistics/fold-schedule.module';
export type { StatementReader } from './statistics/statement-reader';
export {
  TIMELINE_INTERVALS,
  type TimelineInterval,
  type TimelinePoint,
  TimelineReader,
  type TimelineSpan,
} from './statistics/timeline-reader';
export { Store } from './stores/store.entity';
export { StoreList } from './stores/store-list';
export { Ticket } from './tickets/ticket.entity';
export { PrintRunClosed, PrintRunUnderWay } from './tickets/print-run.errors';
export { PrintRunService } from './tickets/print-run.service';
