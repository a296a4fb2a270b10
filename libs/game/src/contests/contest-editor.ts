import { Injectable } from '@nestjs/common';
import { Clock, isLockFailure, ValidationFailed } from '@tiptop/platform';
import type { EntityManager } from 'typeorm';
import { faultsOfChange, type TermFaults } from '../domain/contest-rules';
import { PrintRunUnderWay } from '../tickets/print-run.errors';
import { Contest } from './contest.entity';
import { ContestNotFound, ContestOver, ContestRunning, DeckSealed } from './contest.errors';
import { Deck } from './deck.entity';
import type { PrizePreset } from './presets';
import { Prize } from './prize.entity';

/** Far above the number of prizes that a contest may have, and within what an ordinal may be. */
const ASIDE = 128;
/** How long an edit waits for another one; a print run takes longer. */
const PATIENCE = '2s';

/** A prize of the new list: one there is, with what changes in it, or a new one with everything. */
export type PrizeChange = { id?: string | undefined } & { [Key in keyof PrizePreset]?: PrizePreset[Key] | undefined };

/** What is left out stays as it is. */
export interface ContestChanges {
  name?: string | undefined;
  startsAt?: Date | undefined;
  endsAt?: Date | undefined;
  claimEndsAt?: Date | undefined;
  /** All prizes in their order; one that is not in it is taken out. */
  prizes?: readonly PrizeChange[] | undefined;
}

type NextPrize = PrizePreset & { id?: string | undefined };

const PRIZE_FIELDS = ['name', 'description', 'valueCents', 'currency', 'weight'] as const;

/** Changes contests as far as that breaks no promise. */
@Injectable()
export class ContestEditor {
  constructor(private readonly clock: Clock) {}

  /**
   * Makes all of the changes or none, within the caller's transaction. Edits and print runs of a contest take turns.
   * @throws ContestNotFound, ValidationFailed, ContestOver, ContestRunning, DeckSealed, PrintRunUnderWay
   */
  async edit(manager: EntityManager, contestId: string, { prizes: list, ...changes }: ContestChanges): Promise<void> {
    const contest = await this.lock(manager, contestId);
    const prizes = await manager.find(Prize, { where: { contestId }, order: { ordinal: 'ASC' } });
    const next = {
      name: changes.name ?? contest.name,
      startsAt: changes.startsAt ?? contest.startsAt,
      endsAt: changes.endsAt ?? contest.endsAt,
      claimEndsAt: changes.claimEndsAt ?? contest.claimEndsAt,
    };
    const nextPrizes = list ? completed(list, prizes) : prizes;
    const sealed = await manager.existsBy(Deck, { contestId });
    const { startsAt, endsAt, claimEndsAt } = contest;
    const current = { startsAt, endsAt, claimEndsAt, sealed, prizes };
    refuse(faultsOfChange(current, { ...next, prizes: nextPrizes }, this.clock.now()));
    await manager.update(Contest, { id: contestId }, next);
    if (list) await replacePrizes(manager, contestId, prizes, nextPrizes);
  }

  private async lock(manager: EntityManager, id: string): Promise<Contest> {
    await manager.query(`SET LOCAL lock_timeout = '${PATIENCE}'`);
    try {
      const contest = await manager.findOne(Contest, { where: { id }, lock: { mode: 'for_no_key_update' } });
      if (!contest) throw new ContestNotFound();
      return contest;
    } catch (error) {
      throw isLockFailure(error) ? new PrintRunUnderWay() : error;
    }
  }
}

/** The first kind of fault that there is, with all fields of that kind. */
function refuse({ invalid, over, running, sealed }: TermFaults): void {
  if (invalid.length > 0) throw new ValidationFailed(invalid);
  if (over.length > 0) throw new ContestOver(over);
  if (running.length > 0) throw new ContestRunning(running);
  if (sealed.length > 0) throw new DeckSealed(sealed);
}

/** @throws ValidationFailed for ids that are not the contest's, or come twice, and for new prizes that lack something */
function completed(list: readonly PrizeChange[], prizes: readonly Prize[]): NextPrize[] {
  const known = new Map(prizes.map((prize) => [prize.id, prize]));
  const seen = new Set<string>();
  const faults = list.flatMap((change, place) => {
    const path = `prizes.${place.toString()}`;
    if (change.id === undefined) {
      return PRIZE_FIELDS.filter((field) => change[field] === undefined).map((field) => ({
        path: `${path}.${field}`,
        message: 'missing',
      }));
    }
    if (!known.has(change.id)) return [{ path: `${path}.id`, message: 'prizes.unknown' }];
    if (seen.has(change.id)) return [{ path: `${path}.id`, message: 'prizes.repeated' }];
    seen.add(change.id);
    return [];
  });
  if (faults.length > 0) throw new ValidationFailed(faults);
  return list.map((change) => {
    const before = known.get(change.id ?? '');
    const merged = Object.fromEntries(PRIZE_FIELDS.map((field) => [field, change[field] ?? before?.[field]]));
    return { ...(merged as unknown as PrizePreset), ...(before ? { id: before.id } : {}) };
  });
}

async function replacePrizes(
  manager: EntityManager,
  contestId: string,
  prizes: readonly Prize[],
  next: readonly NextPrize[],
): Promise<void> {
  const staying = new Set(next.map(({ id }) => id));
  const moved = prizes.some(({ id }, ordinal) => next[ordinal]?.id !== id);
  for (const { id } of prizes) if (!staying.has(id)) await manager.delete(Prize, { id });
  // No two prizes may have one place, not even from one statement to the next.
  if (moved)
    await manager.query(`UPDATE prizes SET ordinal = ordinal + ${ASIDE.toString()} WHERE contest_id = $1`, [contestId]);
  for (const [ordinal, { id, name, description, valueCents, currency, weight }] of next.entries()) {
    const fields = { name, description, valueCents, currency, weight, ordinal };
    if (id === undefined) await manager.insert(Prize, { ...fields, contestId });
    else await manager.update(Prize, { id }, fields);
  }
}
