import type { List } from './lists';
import { begins, contains } from './searches';
import type { Stage } from './stage';

interface Order {
  sort: string;
  key: string;
  direction: 'ASC' | 'DESC';
}

/** A list by its filters, the same in SQL, and the orders in which it is measured. */
type Description = [name: string, query: string, where: string, orders: readonly Order[]];

const NAME_KEY = 'user_name_key(first_name, last_name) COLLATE "C"';
const ORDERS: readonly [Order, Order, ...Order[]] = [
  { sort: '-createdAt', key: 'created_at', direction: 'DESC' },
  { sort: 'name', key: NAME_KEY, direction: 'ASC' },
  { sort: 'createdAt', key: 'created_at', direction: 'ASC' },
  { sort: '-name', key: NAME_KEY, direction: 'DESC' },
  { sort: 'lastActiveAt', key: 'last_active_at', direction: 'ASC' },
  { sort: '-lastActiveAt', key: 'last_active_at', direction: 'DESC' },
];
const MAIN_ORDERS = ORDERS.slice(0, 2);

/** Every order and filter of the administrators' accounts, and searches that find much, little and nothing. */
export async function userLists({ dataSource }: Stage): Promise<List[]> {
  const [one] = await dataSource.query<{ email: string }[]>(
    `SELECT email FROM users WHERE role = 'customer' ORDER BY md5(email) LIMIT 1`,
  );
  const email = one?.email ?? '';
  const descriptions: Description[] = [
    ['all', '', 'true', ORDERS],
    ['customers', 'role=customer', `role = 'customer'`, MAIN_ORDERS],
    ['employees', 'role=employee', `role = 'employee'`, MAIN_ORDERS],
    ['active', 'isActive=true', 'is_active', MAIN_ORDERS],
    ['archived', 'isActive=false', 'NOT is_active', ORDERS],
    ['archived customers', 'role=customer&isActive=false', `role = 'customer' AND NOT is_active`, MAIN_ORDERS],
    ['found by a common name', 'search=martin', contains('martin'), ORDERS],
    ['found by a name', 'search=molette', contains('molette'), ORDERS],
    ['found by a rare name', 'search=zalierelle', contains('zalierelle'), MAIN_ORDERS],
    ['found by two words', 'search=marie+martin', contains('marie', 'martin'), MAIN_ORDERS],
    ['found by an e-mail', `search=${email}`, contains(email), MAIN_ORDERS],
    ['found by a mail domain', 'search=gmail.com', contains('gmail.com'), MAIN_ORDERS],
    ['found by two letters', 'search=ma', begins('ma'), MAIN_ORDERS],
    ['found by two rare letters', 'search=xa', begins('xa'), MAIN_ORDERS],
    ['found by two letters in vain', 'search=zq', begins('zq'), MAIN_ORDERS],
    ['found by one letter', 'search=j', begins('j'), MAIN_ORDERS],
    ['found by a name and two letters', 'search=molette+ma', `${contains('molette')} AND ${begins('ma')}`, MAIN_ORDERS],
    [
      'archived, by a common name',
      'search=martin&isActive=false',
      `NOT is_active AND ${contains('martin')}`,
      MAIN_ORDERS,
    ],
    [
      'employees, by a common name',
      'search=marie&role=employee',
      `role = 'employee' AND ${contains('marie')}`,
      MAIN_ORDERS,
    ],
    [
      'active customers, by a name',
      'search=molette&role=customer&isActive=true',
      `role = 'customer' AND is_active AND ${contains('molette')}`,
      MAIN_ORDERS,
    ],
  ];
  return descriptions.flatMap(([name, query, where, orders]) =>
    orders.map(({ sort, key, direction }) => ({
      name: `${name} by ${sort}`,
      path: `/v1/admin/users?sort=${sort}&${query}`,
      rows: `FROM users WHERE erased_at IS NULL AND ${where}`,
      order: `${key} ${direction}, id ${direction}`,
      key: `${key} AS key, id`,
      cursorOf: (row) => {
        const place = row.key instanceof Date ? row.key.getTime() : row.key;
        return Buffer.from(JSON.stringify([sort, place, row.id])).toString('base64url');
      },
    })),
  );
}
