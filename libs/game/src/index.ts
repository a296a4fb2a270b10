import type { ClaimErrorCode } from './claims/claim.errors';
import type { ContestErrorCode } from './contests/contest.errors';
import type { PlayErrorCode } from './plays/play.errors';
import type { PrintRunErrorCode } from './tickets/print-run.errors';

export type GameErrorCode = ClaimErrorCode | ContestErrorCode | PlayErrorCode | PrintRunErrorCode;

export { ClaimEvent } from './claims/claim-event.entity';
export { Contest } from './contests/contest.entity';
export { ContestRegistry, type LoadedContest } from './contests/contest-registry';
export { ContestsService } from './contests/contests.service';
export { Deck } from './contests/deck.entity';
export { DeckService, type DeckVerification } from './contests/deck.service';
export { type ContestPreset, type PresetName, PRESETS } from './contests/presets';
export { Prize } from './contests/prize.entity';
export { DECK_ALGORITHM, verifyCommitment } from './domain/deck';
export { isAnyCode, isCheckedCode, normaliseCode } from './domain/ticket-code';
export { TICKET_STATUSES, type TicketStatus } from './domain/ticket-status';
export { GameModule } from './game.module';
export { PLAY_STATEMENT } from './plays/play-statement';
export { Store } from './stores/store.entity';
export { Ticket } from './tickets/ticket.entity';
export { PrintRunService } from './tickets/print-run.service';
