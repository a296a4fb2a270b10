import { alterations } from './alterations';
import type { RecordedMigration } from './recorded-migration';
import { statementsOf } from './sql-statements';

/** What a migration has made itself so far: nobody is at work on it, and no earlier release knows it. */
export interface Made {
  relations: Set<string>;
  /** Functions, types, triggers, constraints and the like. */
  others: Set<string>;
}

/**
 * Why a migration is not one that the release before can go on with, while it is applied and after: it takes nothing away,
 * demands nothing that the earlier release does not give, and keeps no table locked for as long as that is large. What is
 * not known to be harmless is refused.
 * @returns a line for each fault; none where it is
 */
export function faultsOf({ statements, inTransaction }: RecordedMigration): string[] {
  const made: Made = { relations: new Set(), others: new Set() };
  const all = statements.flatMap(statementsOf);
  // An index that is made anew after a try that failed is gone before anybody relies on it.
  const indexes = new Set(all.flatMap((tokens) => (isIndex(tokens) ? [indexOf(tokens).name] : [])));
  return all.flatMap((tokens) => {
    const fault = faultOf(tokens, made, { inTransaction, indexes });
    return fault === undefined ? [] : [`${fault}: ${tokens.slice(0, 12).join(' ')}`];
  });
}

function faultOf(
  tokens: string[],
  made: Made,
  { inTransaction, indexes }: { inTransaction: boolean; indexes: ReadonlySet<string> },
): string | undefined {
  const [verb = '', noun = ''] = tokens;
  switch (verb) {
    case 'SELECT':
    case 'COMMENT':
    case 'GRANT':
    case 'INSERT':
      return undefined;
    case 'SET':
      return noun === 'LOCAL' ? undefined : 'a setting outlives the migration';
    case 'CREATE':
      if (isIndex(tokens)) return faultOfIndex(tokens, made, inTransaction);
      return create(tokens, made);
    case 'ALTER':
      return alter(tokens, made);
    case 'REVOKE':
      return made.others.has(nameAfter(tokens, ['ON', 'FUNCTION'])) ? undefined : 'takes a right away';
    case 'DROP':
      if (noun === 'INDEX' && tokens.includes('CONCURRENTLY') && indexes.has(tokens.at(-1) ?? '')) {
        return inTransaction ? 'CONCURRENTLY needs `transaction = false`' : undefined;
      }
      return `takes away what the release before may use`;
    default:
      return 'is not known to be harmless';
  }
}

const NEW_THINGS = ['FUNCTION', 'TYPE', 'TRIGGER', 'SCHEMA', 'DOMAIN', 'VIEW'];

function create(tokens: readonly string[], made: Made): string | undefined {
  const words = tokens.slice(1);
  if (words[0] === 'TABLE' || words[0] === 'SEQUENCE') {
    if (words[1] === 'IF') return 'one that is there already may look otherwise';
    made.relations.add(nameFrom(words.slice(1)));
    return undefined;
  }
  if (words[0] === 'OR') return 'replaces what the release before may use';
  if (!NEW_THINGS.includes(words[0] ?? '')) return 'is not known to be harmless';
  made.others.add(nameFrom(words.slice(1)));
  return undefined;
}

function alter(tokens: readonly string[], made: Made): string | undefined {
  const [, noun, ...rest] = tokens;
  if (noun === 'TYPE' && rest.includes('ADD') && rest.includes('VALUE') && !rest.includes('RENAME')) return undefined;
  if (noun !== 'TABLE') return 'is not known to be harmless';
  const from = rest.findIndex((word) => word !== 'IF' && word !== 'EXISTS' && word !== 'ONLY');
  const { name, length } = qualified(rest.slice(from));
  if (made.relations.has(name)) return undefined;
  const faults = alterations(rest.slice(from + length));
  return faults.length === 0 ? undefined : faults.join(', ');
}

function isIndex(tokens: readonly string[]): boolean {
  return tokens[0] === 'CREATE' && (tokens[1] === 'INDEX' || (tokens[1] === 'UNIQUE' && tokens[2] === 'INDEX'));
}

function indexOf(tokens: readonly string[]): {
  name: string;
  table: string;
  concurrently: boolean;
  ifMissing: boolean;
} {
  const on = tokens.indexOf('ON');
  return {
    name: tokens[on - 1] ?? '',
    table: nameFrom(tokens.slice(on + 1).filter((word) => word !== 'ONLY')),
    concurrently: tokens.slice(0, on).includes('CONCURRENTLY'),
    ifMissing: tokens.slice(0, on).includes('IF'),
  };
}

function faultOfIndex(tokens: readonly string[], made: Made, inTransaction: boolean): string | undefined {
  const { table, concurrently, ifMissing } = indexOf(tokens);
  if (made.relations.has(table)) return undefined;
  if (!concurrently) return 'nobody can write to the table until the index is made: use CONCURRENTLY';
  // PostgreSQL refuses it there.
  if (inTransaction) return 'CONCURRENTLY needs `transaction = false`';
  // One that failed leaves an index behind that is not used, and would be taken for this one.
  if (ifMissing)
    return 'IF NOT EXISTS takes a broken index for a good one: DROP INDEX CONCURRENTLY IF EXISTS before it';
  return undefined;
}

function nameAfter(tokens: readonly string[], words: readonly string[]): string {
  const place = tokens.findIndex((_, at) => words.every((word, n) => tokens[at + n] === word));
  return place < 0 ? '' : nameFrom(tokens.slice(place + words.length));
}

function nameFrom(tokens: readonly string[]): string {
  return qualified(tokens).name;
}

/** `PUBLIC . PRIZES`, `"prizes"` and `PRIZES` are one. */
function qualified(tokens: readonly string[]): { name: string; length: number } {
  const length = tokens[1] === '.' ? 3 : 1;
  const [first = '', , second = ''] = tokens;
  const plain = (name: string): string => (name.startsWith('"') ? name.slice(1, -1) : name.toLowerCase());
  if (length === 1) return { name: plain(first), length };
  const schema = plain(first);
  return { name: schema === 'public' ? plain(second) : `${schema}.${plain(second)}`, length };
}
