import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, isSmokeId, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { DeckSeal } from '../domain/deck-seal';
import { Contest } from './contest.entity';
import { Deck } from './deck.entity';
import type { Prize } from './prize.entity';

/** A deck and the key that opens its cards. */
export interface OpenedDeck {
  readonly deck: Deck;
  /** 32 bytes. */
  readonly cardKey: Buffer;
}

/** A contest with its prizes in order, and its deck where one is sealed and our DECK_SECRET opens it. */
export interface LoadedContest {
  readonly contest: Contest;
  readonly prizes: readonly Prize[];
  readonly opened: OpenedDeck | undefined;
  readonly commitment: { commitment: string; algorithm: string } | undefined;
}

/** After this long what is held is read anew, behind the back of whoever asked. */
const FRESH_MS = 2000;

export function isOpen({ contest }: LoadedContest, now: Date): boolean {
  return contest.startsAt <= now && now < contest.claimEndsAt;
}

/**
 * The contests as last read, so that a code's form can be judged without a query. Nothing is decided by what stands
 * here: whether a ticket may be played the database decides, in the statement that plays it.
 */
@Injectable()
export class ContestRegistry {
  private contests: readonly LoadedContest[] | undefined;
  private readAt = 0;
  private reading: Promise<readonly LoadedContest[]> | undefined;
  private readonly keys = new Map<string, Buffer>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The contest that is open now; else the next one to open; else the last one that was. */
  async current(): Promise<LoadedContest | undefined> {
    return this.pick(isReal);
  }

  /** The same of those that are there for smoke journeys only. */
  async smoke(): Promise<LoadedContest | undefined> {
    return this.pick(isSmoke);
  }

  async find(contestId: string): Promise<LoadedContest | undefined> {
    return (await this.all()).find(({ contest }) => contest.id === contestId);
  }

  /** Slugs of contests still to be played whose deck our DECK_SECRET does not open: their tickets could not be played. */
  async unopenable(): Promise<string[]> {
    const now = this.clock.now();
    return (await this.reload())
      .filter(isReal)
      .filter(({ contest, commitment, opened }) => commitment && !opened && now < contest.claimEndsAt)
      .map(({ contest }) => contest.slug);
  }

  /** Reads from the database now. Callers at the same moment share one read. */
  async reload(): Promise<readonly LoadedContest[]> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async pick(which: (loaded: LoadedContest) => boolean): Promise<LoadedContest | undefined> {
    const now = this.clock.now();
    const held = pickCurrent((await this.all()).filter(which), now);
    // Nothing open among what is held: something may have been opened since.
    return held && isOpen(held, now) ? held : pickCurrent((await this.reload()).filter(which), now);
  }

  private async all(): Promise<readonly LoadedContest[]> {
    if (!this.contests) return this.reload();
    if (Date.now() - this.readAt > FRESH_MS) {
      this.reload().catch((err: unknown) => {
        this.logger.warn({ err }, 'The contests could not be read anew; what was read before still serves');
      });
    }
    return this.contests;
  }

  private async read(): Promise<readonly LoadedContest[]> {
    const [contests, decks] = await Promise.all([
      this.dataSource.manager.find(Contest, { relations: { prizes: true } }),
      this.dataSource.manager.find(Deck),
    ]);
    const deckOf = new Map(decks.map((deck) => [deck.contestId, deck]));
    this.contests = contests.map((contest) => {
      const deck = deckOf.get(contest.id);
      return {
        contest,
        prizes: [...(contest.prizes ?? [])].sort((a, b) => a.ordinal - b.ordinal),
        opened: deck && this.open(deck),
        commitment: deck && { commitment: deck.commitment, algorithm: deck.algorithm },
      };
    });
    this.readAt = Date.now();
    return this.contests;
  }

  private open(deck: Deck): OpenedDeck | undefined {
    const held = this.keys.get(deck.keyFingerprint);
    if (held) return { deck, cardKey: held };
    const seal = DeckSeal.open(this.config.deckSecret, deck.salt);
    if (seal.fingerprint !== deck.keyFingerprint) {
      this.logger.error({ contestId: deck.contestId }, 'DECK_SECRET is not the one that sealed this contest’s deck');
      return undefined;
    }
    this.keys.set(deck.keyFingerprint, seal.cardKey);
    return { deck, cardKey: seal.cardKey };
  }
}

function isSmoke({ contest }: LoadedContest): boolean {
  return isSmokeId(contest.id);
}

function isReal(loaded: LoadedContest): boolean {
  return !isSmoke(loaded);
}

function pickCurrent(contests: readonly LoadedContest[], now: Date): LoadedContest | undefined {
  const byStart = [...contests].sort((a, b) => a.contest.startsAt.getTime() - b.contest.startsAt.getTime());
  return (
    byStart.findLast((loaded) => isOpen(loaded, now)) ??
    byStart.find(({ contest }) => contest.startsAt > now) ??
    byStart.at(-1)
  );
}
