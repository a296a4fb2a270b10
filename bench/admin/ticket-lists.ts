import { encodeCursor } from '@tiptop/platform';
import type { List } from './lists';
import { begins, contains } from './searches';
import type { Stage } from './stage';

/** A list by its filters, the same in SQL, and the time that it goes by; by its code where there is none. */
type Description = [name: string, query: string, where: string, at?: 'played_at' | 'claimed_at'];

/** Every order and filter of the administrators' tickets, and searches that find much, little and nothing. */
export async function ticketLists({ dataSource, contestId }: Stage): Promise<List[]> {
  const [ids] = await dataSource.query<{ prize: string; store: string }[]>(
    `SELECT (SELECT id FROM prizes WHERE contest_id = $1 AND ordinal = 4) AS prize,
       (SELECT store_id FROM tickets WHERE store_id IS NOT NULL ORDER BY code LIMIT 1) AS store`,
    [contestId],
  );
  if (!ids) throw new Error('The stage is empty');
  const [one] = await dataSource.query<{ code: string; player: string; email: string }[]>(
    `SELECT code, player_id AS player, email FROM tickets t JOIN users u ON u.id = player_id ORDER BY md5(code) LIMIT 1`,
  );
  if (!one) throw new Error('Nobody has played');
  const of = (people: string): string => `player_id IN (SELECT id FROM users WHERE ${people})`;
  const found = (...words: string[]): string => of(contains(...words));
  const descriptions: Description[] = [
    ['all', '', 'true'],
    ['of a contest', `contestId=${contestId}`, `contest_id = '${contestId}'`],
    ['unclaimed', 'status=unclaimed', 'player_id IS NULL'],
    ['pending', 'status=pending', `status = 'pending'`, 'played_at'],
    ['claimed', 'status=claimed', `status = 'claimed'`, 'played_at'],
    ['played', 'period=played', 'player_id IS NOT NULL', 'played_at'],
    ['by hand-over', 'period=claimed', 'claimed_at IS NOT NULL', 'claimed_at'],
    ['of a prize', `prizeId=${ids.prize}`, `prize_id = '${ids.prize}'`, 'played_at'],
    ['of a shop', `storeId=${ids.store}`, `store_id = '${ids.store}'`, 'claimed_at'],
    ['of a player', `playerId=${one.player}`, `player_id = '${one.player}'`, 'played_at'],
    ['found by a common name', 'search=martin', found('martin')],
    ['found by a name', 'search=molette', found('molette')],
    ['played, found by a name', 'search=molette&period=played', found('molette'), 'played_at'],
    ['played, found by a common name', 'search=martin&period=played', found('martin'), 'played_at'],
    [
      'handed over, found by a name',
      'search=molette&period=claimed',
      `claimed_at IS NOT NULL AND ${found('molette')}`,
      'claimed_at',
    ],
    [
      'pending, found by two words',
      'search=marie+martin&status=pending',
      `status = 'pending' AND ${found('marie', 'martin')}`,
      'played_at',
    ],
    ['found by an e-mail', `search=${one.email}`, found(one.email)],
    ['found by a mail domain', 'search=gmail.com', found('gmail.com')],
    ['found by nothing', 'search=introuvable', 'false'],
    ['found by two letters', 'search=ZA', `code LIKE 'ZA%' OR ${of(begins('za'))}`],
    ['found by two characters', 'search=7K', `code LIKE '7K%' OR ${of(begins('7k'))}`],
    [
      'found by a code’s beginning',
      `search=${one.code.slice(0, 4)}`,
      `code LIKE '${one.code.slice(0, 4)}%' OR ${found(one.code.slice(0, 4))}`,
    ],
    ['found by a code', `search=${one.code}`, `code = '${one.code}' OR ${found(one.code)}`],
  ];
  return descriptions.map(([name, query, where, at]) => ({
    name,
    path: `/v1/admin/tickets?${query}`,
    rows: `FROM tickets WHERE ${where}`,
    order: at === undefined ? 'code' : `${at} DESC, code DESC`,
    key: `code, ${at ?? `timestamptz 'epoch'`} AS at`,
    cursorOf: ({ code, at: time }) => encodeCursor({ at: time as Date, id: code as string }),
  }));
}
