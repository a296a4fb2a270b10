import { isRealSql, type Language } from '@tiptop/platform';
import type { Place } from '../tickets/ticket-filter';
import type { QueriedColumn, QueriedTable } from './column';

export interface ParticipantFilter {
  /** For mailing: who agrees to it now, and nothing about them that a letter does not need. */
  mailing: boolean;
  /** Those who played in it; every customer where left out. */
  contestId?: string | undefined;
}

/** Who takes part, a row each, by name. Erased accounts are nobody's. */
export function participantSheet(
  { mailing, contestId }: ParticipantFilter,
  language: Language,
  place: Place,
  timeZone: string,
): QueriedTable {
  const contest = contestId === undefined ? '' : `WHERE contest_id = ${place(contestId)}::uuid`;
  const playedSql = `SELECT player_id, count(*) AS plays, min(played_at) AS first_play, max(played_at) AS last_play
    FROM tickets ${contest} GROUP BY player_id`;
  const conditions = ['u.erased_at IS NULL', isRealSql('u.id'), "(u.role = 'customer' OR d.plays > 0)"];
  if (contestId !== undefined) conditions.push('d.plays > 0');
  if (mailing) conditions.push('u.newsletter', 'u.is_active');
  return {
    name: 'Participants',
    columns: mailing ? mailingColumns(language, timeZone) : allColumns(language, timeZone),
    from: `FROM users u LEFT JOIN (${playedSql}) d ON d.player_id = u.id
      LEFT JOIN LATERAL (SELECT given_at FROM consents WHERE user_id = u.id AND kind = 'newsletter' AND granted
        ORDER BY given_at DESC LIMIT 1) n ON u.newsletter
      WHERE ${conditions.join(' AND ')} ORDER BY u.last_name, u.first_name, u.id`,
  };
}

function personColumns(fr: boolean): QueriedColumn[] {
  return [
    { heading: fr ? 'Prénom' : 'First name', kind: 'text', sql: 'u.first_name' },
    { heading: fr ? 'Nom' : 'Last name', kind: 'text', sql: 'u.last_name' },
    { heading: 'E-mail', kind: 'text', sql: 'u.email' },
  ];
}

function mailingColumns(language: Language, timeZone: string): QueriedColumn[] {
  const fr = language === 'fr';
  const agreed = fr ? `Accord donné le (${timeZone})` : `Agreed at (${timeZone})`;
  return [
    ...personColumns(fr),
    { heading: fr ? 'Langue' : 'Language', kind: 'word', sql: 'u.language' },
    { heading: agreed, kind: 'moment', sql: 'n.given_at' },
  ];
}

function allColumns(language: Language, timeZone: string): QueriedColumn[] {
  const fr = language === 'fr';
  const yesNo = fr ? ['oui', 'non'] : ['yes', 'no'];
  const answer = (sql: string): string => `CASE WHEN ${sql} THEN '${yesNo[0] ?? ''}' ELSE '${yesNo[1] ?? ''}' END`;
  const at = (text: string): string => `${text} (${timeZone})`;
  return [
    ...personColumns(fr),
    { heading: fr ? 'Date de naissance' : 'Birth date', kind: 'day', sql: 'u.birth_date' },
    { heading: fr ? 'Genre' : 'Gender', kind: 'word', sql: 'u.gender' },
    { heading: fr ? 'Compte actif' : 'Active', kind: 'word', sql: answer('u.is_active') },
    { heading: 'Newsletter', kind: 'word', sql: answer('u.newsletter') },
    { heading: at(fr ? 'Inscrit le' : 'Registered at'), kind: 'moment', sql: 'u.created_at' },
    { heading: fr ? 'Participations' : 'Plays', kind: 'integer', sql: 'coalesce(d.plays, 0)' },
    { heading: at(fr ? 'Première participation' : 'First play'), kind: 'moment', sql: 'd.first_play' },
    { heading: at(fr ? 'Dernière participation' : 'Last play'), kind: 'moment', sql: 'd.last_play' },
  ];
}
