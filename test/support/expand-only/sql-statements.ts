/** What a statement is made of, once what it quotes is out of the way. */
type Token = string;

const SKIPPED = /\s+|--[^\n]*/y;
const DOLLAR = /\$([A-Za-z_]\w*)?\$/y;
const TEXT = /(?:[EeBbXxNn]|[Uu]&)?'(?:[^']|'')*'/y;
const ESCAPED_TEXT = /[Ee]'(?:[^'\\]|''|\\[\s\S])*'/y;
const QUOTED_NAME = /(?:[Uu]&)?"((?:[^"]|"")*)"/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const OTHER = /\d[\w.]*|[\s\S]/y;

/**
 * Cuts SQL into statements, and each into tokens: words in capitals, names in quotes as `"name"`, a text of any kind as `''`.
 * Comments, and what stands in texts and bodies of functions, are left out: they are not done when the statement is.
 */
export function statementsOf(sql: string): Token[][] {
  const statements: Token[][] = [[]];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(sql);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < sql.length) {
    if (take(SKIPPED)) continue;
    if (sql.startsWith('/*', at)) {
      at = endOfComment(sql, at);
      continue;
    }
    const statement = statements.at(-1) ?? [];
    const dollar = take(DOLLAR);
    if (dollar) {
      const end = sql.indexOf(dollar[0], at);
      if (end < 0) throw new Error(`A text that ${dollar[0]} begins has no end`);
      at = end + dollar[0].length;
      statement.push("''");
    } else if (take(ESCAPED_TEXT) ?? take(TEXT)) {
      statement.push("''");
    } else {
      const name = take(QUOTED_NAME);
      const token = name ? `"${name[1] ?? ''}"` : (take(WORD)?.[0].toUpperCase() ?? take(OTHER)?.[0] ?? '');
      if (token === ';') statements.push([]);
      else statement.push(token);
    }
  }
  return statements.filter(({ length }) => length > 0);
}

/** PostgreSQL's comments stand in each other. */
function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    if (sql.startsWith('/*', at)) {
      depth++;
      at++;
    } else if (sql.startsWith('*/', at)) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  throw new Error('A comment has no end');
}
