/** A prize as far as the rules of editing look at it. */
export interface PrizeTerms {
  id: string;
  valueCents: number;
  currency: string;
  weight: number;
}

/** A contest as it stands when somebody wants to change it. */
export interface ContestTerms {
  startsAt: Date;
  endsAt: Date;
  claimEndsAt: Date;
  /** Whether its tickets exist and the deck over them is sealed. */
  sealed: boolean;
  /** In the order of the list. */
  prizes: readonly PrizeTerms[];
}

/** What is to be true afterwards; a prize without id is a new one. */
export interface ProposedTerms {
  startsAt: Date;
  endsAt: Date;
  claimEndsAt: Date;
  prizes: readonly (Omit<PrizeTerms, 'id'> & { id?: string | undefined })[];
}

/** A field at fault and why, by the name of a message. */
export interface TermFault {
  path: string;
  message: string;
}

/** Why a change is refused, by kind; all empty where it is not. */
export interface TermFaults {
  /** The dates contradict each other, or lie in the past. */
  invalid: TermFault[];
  /** The contest is over: its dates are final. */
  over: TermFault[];
  /** The contest runs, and people rely on what was announced. */
  running: TermFault[];
  /** The deck is sealed over these prizes. */
  sealed: TermFault[];
}

const DATES = ['startsAt', 'endsAt', 'claimEndsAt'] as const;

/**
 * What of a change would break the contest. What was announced may be bettered while the contest runs (more time, a
 * higher value), never worsened. Every rule looks at the contest and the clock alone, not at whether somebody has played
 * yet: a play may be under way at this very moment.
 */
export function faultsOfChange(current: ContestTerms, next: ProposedTerms, now: Date): TermFaults {
  const begun = current.sealed && current.startsAt <= now;
  const over = current.sealed && current.claimEndsAt <= now;
  const moved = DATES.filter((date) => next[date].getTime() !== current[date].getTime());
  return {
    invalid: [
      ...faultsOfDates(next, moved),
      ...(moved.includes('claimEndsAt') && next.claimEndsAt <= now && !begun
        ? [fault('claimEndsAt', 'dates.past')]
        : []),
    ],
    over: over ? moved.map((date) => fault(date, 'contest.over')) : [],
    running: begun ? [...(over ? [] : datesPromised(current, next, now, moved)), ...valuesPromised(current, next)] : [],
    sealed: current.sealed ? cardsSealed(current, next) : [],
  };
}

/**
 * Whether a contest's dates follow each other.
 * @param given the dates that were chosen now: the fault is told of one of them
 */
export function faultsOfDates(
  { startsAt, endsAt, claimEndsAt }: Pick<ProposedTerms, (typeof DATES)[number]>,
  given: readonly (typeof DATES)[number][] = DATES,
): TermFault[] {
  const faults: TermFault[] = [];
  if (startsAt >= endsAt) faults.push(fault(given.includes('endsAt') ? 'endsAt' : 'startsAt', 'dates.order'));
  if (endsAt > claimEndsAt) faults.push(fault(given.includes('claimEndsAt') ? 'claimEndsAt' : 'endsAt', 'dates.order'));
  return faults;
}

function datesPromised(
  current: ContestTerms,
  next: ProposedTerms,
  now: Date,
  moved: readonly (typeof DATES)[number][],
): TermFault[] {
  const faults: TermFault[] = [];
  if (moved.includes('startsAt')) faults.push(fault('startsAt', 'contest.begun'));
  if (moved.includes('endsAt') && next.endsAt < now) faults.push(fault('endsAt', 'dates.past'));
  if (next.claimEndsAt < current.claimEndsAt) faults.push(fault('claimEndsAt', 'contest.promised'));
  return faults;
}

function valuesPromised(current: ContestTerms, next: ProposedTerms): TermFault[] {
  const before = new Map(current.prizes.map((prize) => [prize.id, prize]));
  return next.prizes.flatMap(({ id, valueCents, currency }, place) => {
    const known = before.get(id ?? '');
    if (!known) return [];
    if (currency !== known.currency) return [fault(`prizes.${place.toString()}.currency`, 'contest.begun')];
    if (valueCents < known.valueCents) return [fault(`prizes.${place.toString()}.valueCents`, 'contest.promised')];
    return [];
  });
}

/** The cards of the deck are places in the list of prizes, dealt by their weights. */
function cardsSealed(current: ContestTerms, next: ProposedTerms): TermFault[] {
  const sameList =
    current.prizes.length === next.prizes.length &&
    current.prizes.every(({ id }, place) => next.prizes[place]?.id === id);
  if (!sameList) return [fault('prizes', 'deck.sealed')];
  return next.prizes.flatMap(({ weight }, place) =>
    weight === current.prizes[place]?.weight ? [] : [fault(`prizes.${place.toString()}.weight`, 'deck.sealed')],
  );
}

function fault(path: string, message: string): TermFault {
  return { path, message };
}
