import { type ContestTerms, faultsOfChange, faultsOfDates, type ProposedTerms, type TermFault } from './contest-rules';

const at = (day: string): Date => new Date(`2026-${day}T09:00:00Z`);
const INFUSER = { id: 'a', valueCents: 0, currency: 'EUR', weight: 60 };
const BOX = { id: 'b', valueCents: 3900, currency: 'EUR', weight: 40 };
const RUNNING: ContestTerms = {
  startsAt: at('11-01'),
  endsAt: at('12-01'),
  claimEndsAt: at('12-31'),
  sealed: true,
  prizes: [INFUSER, BOX],
};
const BEFORE = at('10-20');
const DURING = at('11-15');
const CLAIMING = at('12-15');
const AFTER = at('12-31');

/** The faults of a change, as `kind path message`. */
function faults(changes: Partial<ProposedTerms>, now: Date, current: ContestTerms = RUNNING): string[] {
  const found = faultsOfChange(current, { ...current, ...changes }, now);
  return Object.entries(found).flatMap(([kind, list]: [string, TermFault[]]) =>
    list.map(({ path, message }) => `${kind} ${path} ${message}`),
  );
}

describe('What may be changed of a contest', () => {
  it('is nothing to complain about where nothing changes, whenever', () => {
    for (const now of [BEFORE, DURING, CLAIMING, AFTER]) expect(faults({}, now)).toEqual([]);
  });

  it('are all its dates, before it begins', () => {
    expect(faults({ startsAt: at('10-25'), endsAt: at('11-02'), claimEndsAt: at('11-03') }, BEFORE)).toEqual([]);
  });

  it('is no beginning, once it has begun with its tickets', () => {
    expect(faults({ startsAt: at('11-20') }, DURING)).toEqual(['running startsAt contest.begun']);
    expect(faults({ startsAt: at('10-25') }, RUNNING.startsAt)).toEqual(['running startsAt contest.begun']);
    expect(faults({ startsAt: at('11-20') }, DURING, { ...RUNNING, sealed: false })).toEqual([]);
  });

  it('is the end of the hand-out, to any time but one that is past', () => {
    expect(faults({ endsAt: at('11-20') }, DURING)).toEqual([]);
    expect(faults({ endsAt: at('12-20') }, CLAIMING)).toEqual([]);
    expect(faults({ endsAt: at('11-10') }, DURING)).toEqual(['running endsAt dates.past']);
  });

  it('is the end of the claims, while it runs to a later time only', () => {
    const later = new Date('2027-01-15T09:00:00Z');
    expect(faults({ claimEndsAt: later }, DURING)).toEqual([]);
    expect(faults({ claimEndsAt: at('12-30') }, DURING)).toEqual(['running claimEndsAt contest.promised']);
    expect(faults({ claimEndsAt: at('12-30') }, BEFORE)).toEqual([]);
  });

  it('is no date once it is over, whatever else was wrong with it', () => {
    const later = new Date('2027-01-15T09:00:00Z');
    expect(faults({ claimEndsAt: later }, AFTER)).toEqual(['over claimEndsAt contest.over']);
    expect(faults({ startsAt: at('11-02') }, AFTER)).toEqual(['over startsAt contest.over']);
  });

  it('is never an end of the claims that is past', () => {
    const changes = { startsAt: at('09-01'), endsAt: at('09-02'), claimEndsAt: at('09-03') };
    expect(faults(changes, BEFORE)).toEqual(['invalid claimEndsAt dates.past']);
  });

  it('are the weights and the list of prizes until tickets exist', () => {
    const changes = { prizes: [BOX, { ...INFUSER, weight: 1 }, { valueCents: 1, currency: 'EUR', weight: 5 }] };
    expect(faults(changes, DURING, { ...RUNNING, sealed: false })).toEqual([]);
    expect(faults(changes, BEFORE)).toEqual(['sealed prizes deck.sealed']);
    expect(faults({ prizes: [INFUSER] }, BEFORE)).toEqual(['sealed prizes deck.sealed']);
    expect(faults({ prizes: [BOX, INFUSER] }, BEFORE)).toEqual(['sealed prizes deck.sealed']);
    expect(faults({ prizes: [INFUSER, { ...BOX, weight: 41 }] }, BEFORE)).toEqual([
      'sealed prizes.1.weight deck.sealed',
    ]);
  });

  it('is the value of a prize, once announced to a higher one only', () => {
    expect(faults({ prizes: [INFUSER, { ...BOX, valueCents: 4000 }] }, DURING)).toEqual([]);
    expect(faults({ prizes: [INFUSER, { ...BOX, valueCents: 3899 }] }, BEFORE)).toEqual([]);
    expect(faults({ prizes: [INFUSER, { ...BOX, valueCents: 3899 }] }, DURING)).toEqual([
      'running prizes.1.valueCents contest.promised',
    ]);
    expect(faults({ prizes: [INFUSER, { ...BOX, valueCents: 9999, currency: 'JPY' }] }, AFTER)).toEqual([
      'running prizes.1.currency contest.begun',
    ]);
  });
});

describe('The dates of a contest', () => {
  const dates = { startsAt: at('11-01'), endsAt: at('12-01'), claimEndsAt: at('12-31') };

  it('follow each other, and the last two may be one', () => {
    expect(faultsOfDates(dates)).toEqual([]);
    expect(faultsOfDates({ ...dates, claimEndsAt: dates.endsAt })).toEqual([]);
    expect(faultsOfDates({ ...dates, endsAt: dates.startsAt })).toEqual([{ path: 'endsAt', message: 'dates.order' }]);
    expect(faultsOfDates({ ...dates, claimEndsAt: at('11-30') })).toEqual([
      { path: 'claimEndsAt', message: 'dates.order' },
    ]);
  });

  it('are at fault where somebody chose them', () => {
    expect(faultsOfDates({ ...dates, startsAt: at('12-02') }, ['startsAt'])).toEqual([
      { path: 'startsAt', message: 'dates.order' },
    ]);
    expect(faultsOfDates({ ...dates, endsAt: at('12-31'), claimEndsAt: at('12-30') }, ['endsAt'])).toEqual([
      { path: 'endsAt', message: 'dates.order' },
    ]);
  });
});
