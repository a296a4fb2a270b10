import type { TimelinePoint } from '@tiptop/game';
import { calendarDay, type Language } from '@tiptop/platform';
import { rate } from '../../statistics/statistics-of';
import type { ColumnKind, ListedTable } from '../column';
import type { ReportFacts } from './report-reader';
import { wallClock } from './wall-clock';

type Words = Readonly<Record<Language, string>>;
type Value = string | number;

/** A sheet in both languages. */
interface Draft {
  name: Words;
  columns: readonly [kind: ColumnKind, heading: Words][];
  rows: readonly (readonly Value[])[];
}

/** What is told of a contest, a table each, so that any spreadsheet program draws its charts from them. */
export function reportSheets(facts: ReportFacts, language: Language, timeZone: string): ListedTable[] {
  const drafts = [
    summary(facts, timeZone),
    funnel(facts, language),
    prizes(facts),
    byDay(facts, timeZone),
    byHour(facts, timeZone),
    genders(facts, language),
    ages(facts, language),
    stores(facts),
  ];
  return drafts.map(({ name, columns, rows }) => ({
    name: name[language],
    columns: columns.map(([kind, heading]) => ({ kind, heading: heading[language] })),
    rows: rows.map((row) => row.map(String)),
  }));
}

function both(text: string): Words {
  return { fr: text, en: text };
}

function summary({ now, counts: { contest }, statistics }: ReportFacts, timeZone: string): Draft {
  const at = (fr: string, en: string): Words => ({ fr: `${fr} (${timeZone})`, en: `${en} (${timeZone})` });
  const shown = wallClock(timeZone);
  const { tickets, participations, participants, conversion } = statistics;
  const cells: [ColumnKind, Words, Value][] = [
    ['text', { fr: 'Jeu-concours', en: 'Contest' }, contest.name],
    ['moment', at('Chiffres du', 'Figures of'), shown(now)],
    ['moment', at('Début', 'Starts'), shown(contest.startsAt)],
    ['moment', at('Fin', 'Ends'), shown(contest.endsAt)],
    ['moment', at('Fin des remises', 'Claims end'), shown(contest.claimEndsAt)],
    ['integer', both('Tickets'), tickets.total],
    ['integer', { fr: 'Non joués', en: 'Unclaimed' }, tickets.unclaimed],
    ['integer', { fr: 'En attente', en: 'Pending' }, tickets.pending],
    ['integer', { fr: 'Remis', en: 'Claimed' }, tickets.claimed],
    ['integer', both('Participants'), participants],
    ['integer', both('Participations'), participations.total],
    ['integer', { fr: 'Participations du jour', en: 'Participations today' }, participations.today],
    ['ratio', { fr: 'Joués / imprimés', en: 'Played / printed' }, conversion.playedRate],
    ['ratio', { fr: 'Remis / joués', en: 'Claimed / played' }, conversion.claimedRate],
  ];
  return {
    name: { fr: 'Synthèse', en: 'Summary' },
    columns: cells.map(([kind, heading]) => [kind, heading]),
    rows: [cells.map(([, , value]) => value)],
  };
}

function funnel({ statistics: { funnel: steps } }: ReportFacts, language: Language): Draft {
  const names: [Words, number][] = [
    [{ fr: 'Imprimés', en: 'Printed' }, steps.printed],
    [{ fr: 'Joués', en: 'Played' }, steps.played],
    [{ fr: 'Remis', en: 'Claimed' }, steps.claimed],
    [{ fr: 'Expirés', en: 'Expired' }, steps.expired],
  ];
  return {
    name: { fr: 'Entonnoir', en: 'Funnel' },
    columns: [
      ['word', { fr: 'Étape', en: 'Step' }],
      ['integer', both('Tickets')],
    ],
    rows: names.map(([name, tickets]) => [name[language], tickets]),
  };
}

function prizes({ counts, statistics }: ReportFacts): Draft {
  const terms = new Map(counts.prizes.map((prize) => [prize.id, prize]));
  return {
    name: { fr: 'Lots', en: 'Prizes' },
    columns: [
      ['text', { fr: 'Lot', en: 'Prize' }],
      ['amount', { fr: 'Valeur', en: 'Value' }],
      ['word', { fr: 'Devise', en: 'Currency' }],
      ['ratio', { fr: 'Part prévue', en: 'Planned share' }],
      ['integer', both('Total')],
      ['integer', { fr: 'Gagnés', en: 'Won' }],
      ['ratio', { fr: 'Part gagnée', en: 'Share won' }],
      ['integer', { fr: 'En attente', en: 'Pending' }],
      ['integer', { fr: 'Remis', en: 'Claimed' }],
      ['integer', { fr: 'À gagner', en: 'Remaining' }],
    ],
    rows: statistics.prizes.map(({ id, name, share, total, won, pending, claimed, remaining }) => {
      const { valueCents = 0, currency = '' } = terms.get(id) ?? {};
      const shareWon = rate(won, statistics.participations.total);
      return [name, (valueCents / 100).toFixed(2), currency, share, total, won, shareWon, pending, claimed, remaining];
    }),
  };
}

const COUNTED: readonly [ColumnKind, Words][] = [
  ['integer', { fr: 'Participations', en: 'Plays' }],
  ['integer', { fr: 'Remises', en: 'Claims' }],
  ['integer', { fr: 'Inscriptions', en: 'Registrations' }],
];

function byDay({ timeline }: ReportFacts, timeZone: string): Draft {
  return {
    name: { fr: 'Par jour', en: 'By day' },
    columns: [['day', { fr: 'Jour', en: 'Day' }], ...COUNTED],
    rows: timeline.day.map(({ at, ...point }) => [calendarDay(at, timeZone), ...counted(point)]),
  };
}

/** The clock on the wall shows one hour twice in autumn; told in UTC besides, the two are told apart. */
function byHour({ timeline }: ReportFacts, timeZone: string): Draft {
  const [local, utc] = [wallClock(timeZone), wallClock('UTC')];
  return {
    name: { fr: 'Par heure', en: 'By hour' },
    columns: [
      ['moment', { fr: `Heure (${timeZone})`, en: `Hour (${timeZone})` }],
      ['moment', { fr: 'Heure (UTC)', en: 'Hour (UTC)' }],
      ...COUNTED,
    ],
    rows: timeline.hour.map(({ at, ...point }) => [local(at), utc(at), ...counted(point)]),
  };
}

function counted({ participations, claims, registrations }: Omit<TimelinePoint, 'at'>): number[] {
  return [participations, claims, registrations];
}

function genders({ statistics }: ReportFacts, language: Language): Draft {
  const { female, male, other, unknown } = statistics.demographics.gender;
  const groups: [Words, number][] = [
    [{ fr: 'femmes', en: 'female' }, female],
    [{ fr: 'hommes', en: 'male' }, male],
    [{ fr: 'autres', en: 'other' }, other],
    [NOT_STATED, unknown],
  ];
  return {
    name: { fr: 'Par genre', en: 'By gender' },
    columns: [
      ['word', { fr: 'Genre', en: 'Gender' }],
      ['integer', both('Participants')],
    ],
    rows: groups.map(([name, people]) => [name[language], people]),
  };
}

const NOT_STATED: Words = { fr: 'non précisé', en: 'not stated' };

function ages({ statistics }: ReportFacts, language: Language): Draft {
  return {
    name: { fr: 'Par âge', en: 'By age' },
    columns: [
      ['word', { fr: 'Âge à la première participation', en: 'Age at the first play' }],
      ['integer', both('Participants')],
    ],
    rows: Object.entries(statistics.demographics.age).map(([band, people]) => [
      band === 'unknown' ? NOT_STATED[language] : band,
      people as number,
    ]),
  };
}

function stores({ counts, statistics }: ReportFacts): Draft {
  const cities = new Map(counts.stores.map(({ id, city }) => [id, city]));
  return {
    name: { fr: 'Magasins', en: 'Stores' },
    columns: [
      ['text', { fr: 'Magasin', en: 'Store' }],
      ['text', { fr: 'Ville', en: 'City' }],
      ['integer', { fr: 'Lots remis', en: 'Prizes claimed' }],
    ],
    rows: statistics.stores.map(({ id, name, claimed }) => [name, cities.get(id) ?? '', claimed]),
  };
}
