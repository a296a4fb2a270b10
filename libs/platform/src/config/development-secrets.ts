import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  try {
    // Two first starts at once: the one that creates the file decides for both.
    writeFileSync(file, JSON.stringify(secrets), { flag: 'wx', mode: 0o600 });
    chmodSync(file, 0o600);
    return secrets;
  } catch (error) {
    const winner = read(file);
    if (winner) return winner;
    throw error;
  }
}

function read(file: string): DevelopmentSecrets | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DevelopmentSecrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${file} can't be read; repair it or delete it to have new secrets made.`, { cause: error });
  }
}
