import type { Language } from '@tiptop/platform';
import type { TicketFilterQuery } from '../tickets/dto/ticket-filter.query';
import { type Place, searchConditions, ticketConditions, ticketOrder } from '../tickets/ticket-filter';
import type { QueriedTable } from './column';

const ORDER_SQL = {
  code: 't.code',
  played: 't.played_at DESC, t.code DESC',
  claimed: 't.claimed_at DESC, t.code DESC',
};

/** The tickets that are asked for, a row each, in the order of the administrators' table. */
export function ticketSheet(
  filter: TicketFilterQuery,
  language: Language,
  place: Place,
  timeZone: string,
): QueriedTable {
  const fr = language === 'fr';
  const conditions = ticketConditions(filter, place, timeZone);
  if (filter.contestId !== undefined) conditions.push(`t.contest_id = ${place(filter.contestId)}::uuid`);
  const meanings = searchConditions(filter, place);
  if (meanings) conditions.push(meanings.length === 0 ? 'false' : `(${meanings.join(' OR ')})`);
  return {
    name: 'Tickets',
    columns: [
      { heading: 'Code', kind: 'word', sql: 't.code' },
      { heading: fr ? 'Statut' : 'Status', kind: 'word', sql: 't.status' },
      { heading: fr ? 'Lot' : 'Prize', kind: 'text', sql: 'p.name' },
      { heading: fr ? 'Valeur' : 'Value', kind: 'amount', sql: 'round(p.value_cents / 100.0, 2)' },
      { heading: fr ? 'Devise' : 'Currency', kind: 'word', sql: 'p.currency' },
      { heading: fr ? `Joué le (${timeZone})` : `Played at (${timeZone})`, kind: 'moment', sql: 't.played_at' },
      { heading: fr ? 'Prénom' : 'First name', kind: 'text', sql: 'u.first_name' },
      { heading: fr ? 'Nom' : 'Last name', kind: 'text', sql: 'u.last_name' },
      { heading: 'E-mail', kind: 'text', sql: 'u.email' },
      { heading: fr ? `Remis le (${timeZone})` : `Claimed at (${timeZone})`, kind: 'moment', sql: 't.claimed_at' },
      { heading: fr ? 'Remis par' : 'Claimed by', kind: 'text', sql: `e.first_name || ' ' || e.last_name` },
      { heading: fr ? 'Magasin' : 'Store', kind: 'text', sql: 's.name' },
      { heading: fr ? 'Ville' : 'City', kind: 'text', sql: 's.city' },
      { heading: fr ? 'Jeu-concours' : 'Contest', kind: 'word', sql: 'c.slug' },
    ],
    // Of an erased account nothing is left but that it played.
    from: `FROM tickets t JOIN contests c ON c.id = t.contest_id LEFT JOIN prizes p ON p.id = t.prize_id
      LEFT JOIN users u ON u.id = t.player_id AND u.erased_at IS NULL
      LEFT JOIN users e ON e.id = t.claimed_by AND e.erased_at IS NULL LEFT JOIN stores s ON s.id = t.store_id
      ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} ORDER BY ${ORDER_SQL[ticketOrder(filter)]}`,
  };
}
