/** A value that is another one in each row can't be kept once for all: the table is written anew, and locked meanwhile. */
const WRITES_ANEW =
  /\b(GEN_RANDOM_UUID|UUID_GENERATE_V\d\w*|RANDOM|CLOCK_TIMESTAMP|TIMEOFDAY|NEXTVAL|GENERATED|(SMALL|BIG)?SERIAL\d?)\b/;

/**
 * What is wrong with what ALTER TABLE does to a table that others are at work on.
 * @param tokens after the table's name
 */
export function alterations(tokens: readonly string[]): string[] {
  return actionsOf(tokens).flatMap((action) => faultOf(action) ?? []);
}

/** Apart at each comma that stands in no brackets. */
function actionsOf(tokens: readonly string[]): string[][] {
  const actions: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === ',' && depth === 0) actions.push([]);
    else actions.at(-1)?.push(token);
  }
  return actions;
}

function faultOf(action: readonly string[]): string | undefined {
  const text = action.join(' ');
  if (text.startsWith('ADD ')) return faultOfAddition(text);
  if (/^VALIDATE CONSTRAINT /.test(text)) return undefined;
  if (/^ALTER (COLUMN )?\S+ (SET DEFAULT |DROP NOT NULL$|SET STATISTICS )/.test(text)) return undefined;
  // A rule that is no more refuses nothing; a unique one is what ON CONFLICT of the release before is about.
  if (/^DROP CONSTRAINT (IF EXISTS )?\S+_(CHECK|FKEY)\b/i.test(text.replaceAll('"', ''))) return undefined;
  if (text.startsWith('RENAME ')) return 'the release before knows it by its old name';
  if (text.startsWith('DROP ')) return 'takes away what the release before may use';
  if (/ (SET DATA )?TYPE /.test(text)) return 'writes the table anew, and may be no type for the release before';
  if (/ SET NOT NULL$/.test(text)) return 'demands what the release before may not give, and reads the whole table';
  return 'is not known to be harmless';
}

function faultOfAddition(text: string): string | undefined {
  const rule = /^ADD (CONSTRAINT \S+ )?(CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|EXCLUDE)\b/.exec(text);
  if (rule) return faultOfRule(rule[2] ?? '', text);
  if (/ (UNIQUE|PRIMARY KEY|REFERENCES|CHECK)\b/.test(text)) {
    return 'a rule of the new column reads the whole table: add it apart, NOT VALID';
  }
  if (WRITES_ANEW.test(text)) return 'writes the whole table anew';
  if (/ NOT NULL\b/.test(text) && !/ DEFAULT /.test(text)) {
    return 'demands what the release before does not give: NOT NULL needs a DEFAULT';
  }
  return undefined;
}

function faultOfRule(kind: string, text: string): string | undefined {
  if (kind === 'CHECK' || kind === 'FOREIGN KEY') {
    return / NOT VALID$/.test(text) ? undefined : 'reads the whole table: add it NOT VALID, and validate it later';
  }
  return / USING INDEX /.test(text) ? undefined : 'makes an index while nobody can use the table: USING INDEX';
}
