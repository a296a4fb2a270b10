import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The secrets a developer's machine makes for itself. Production brings its own. */
export interface DevelopmentSecrets {
  jwtSecret: string;
  deckSecret: string;
}

/** Reads the secrets kept in the data folder, or makes them at the first start. The file is its owner's alone (0600). */
export function developmentSecrets(dataDir: string): DevelopmentSecrets {
  const file = join(dataDir, 'secrets.json');
  const existing = read(file);
  if (existing) return existing;
  mkdirSync(dataDir, { recursive: true });
  const secrets = {
    jwtSecret: randomBytes(32).toString('base64url'),
    deckSecret: randomBytes(32).toString('base64url'),
  };
  // Written beside and then linked, so that the name appears with its whole content, and only for the first of two
  // starts at once.
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, JSON.stringify(secrets), { flag: 'wx', mode: 0o600 });
  try {
    linkSync(draft, file);
    return secrets;
  } catch (error) {
    const winner = read(file);
    if (winner) return winner;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(file: string): DevelopmentSecrets | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const secrets = parse(text);
  if (secrets) return secrets;
  throw new Error(`${file} holds no secrets; repair it or delete it to have new ones made.`);
}

function parse(text: string): DevelopmentSecrets | undefined {
  try {
    const { jwtSecret, deckSecret } = JSON.parse(text) as Partial<Record<keyof DevelopmentSecrets, unknown>>;
    return isSecret(jwtSecret) && isSecret(deckSecret) ? { jwtSecret, deckSecret } : undefined;
  } catch {
    return undefined;
  }
}

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 32;
}
