import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { EmailTaken, type Role, ROLES, UsersService } from '@tiptop/auth';
import { Contest, ContestsService, PRESETS, PrintRunService } from '@tiptop/game';
import { DataSource } from 'typeorm';

const SLUG = 'demo';
const KEPT_FILE = 'demo.json';
const DEMO_TICKETS = 10_000;
const SHOWN_CODES = 5;
const PERSONS: Readonly<Record<Role, { firstName: string; lastName: string }>> = {
  customer: { firstName: 'Camille', lastName: 'Martin' },
  employee: { firstName: 'Alix', lastName: 'Bernard' },
  admin: { firstName: 'Dominique', lastName: 'Petit' },
};
const PASSWORD_SYLLABLES = ['the', 'ver', 'jas', 'min', 'oo', 'long', 'sen', 'cha', 'mat', 'pu', 'er', 'rooi', 'bos'];

interface DemoAccount {
  email: string;
  password: string;
}

/** What a developer needs to try the service by hand. */
export interface DemoData {
  accounts: Record<Role, DemoAccount>;
  codes: string[];
}

/**
 * Fills an empty embedded database with an open contest and one account per role. A first start that was killed midway
 * is taken up where it stopped: the passwords are kept before the accounts are made, and the tickets come last.
 * @returns undefined where that was done before, or where there is another contest
 */
export async function createDemoData(app: INestApplicationContext, dataDir: string): Promise<DemoData | undefined> {
  const database = app.get(DataSource);
  if (await isInUse(database)) return undefined;
  const accounts = (await readKept(dataDir))?.accounts ?? inventAccounts();
  await keep({ accounts, codes: [] }, dataDir);
  for (const role of ROLES) await createAccount(app.get(UsersService), role, accounts[role]);
  const contest =
    (await database.manager.findOneBy(Contest, { slug: SLUG })) ??
    (await app.get(ContestsService).create({ preset: { ...PRESETS['the-tip-top'], slug: SLUG } }));
  await app.get(PrintRunService).generate(contest.id, DEMO_TICKETS);
  const rows = await database.query<{ code: string }[]>(
    'SELECT code FROM tickets WHERE contest_id = $1 ORDER BY md5(code) LIMIT $2',
    [contest.id, SHOWN_CODES],
  );
  const demo: DemoData = { accounts, codes: rows.map(({ code }) => code) };
  await keep(demo, dataDir);
  return demo;
}

async function isInUse(database: DataSource): Promise<boolean> {
  const [row] = await database.query<{ inUse: boolean }[]>(
    `SELECT EXISTS (SELECT FROM contests WHERE slug <> $1) OR EXISTS (SELECT FROM tickets) AS "inUse"`,
    [SLUG],
  );
  return row?.inUse ?? false;
}

async function createAccount(users: UsersService, role: Role, account: DemoAccount): Promise<void> {
  const person = { ...PERSONS[role], ...account, birthDate: '1990-05-17', newsletter: false, role };
  try {
    await users.create({ ...person, acceptsTerms: true, emailVerified: true }, () => Promise.resolve());
  } catch (error) {
    if (!(error instanceof EmailTaken)) throw error;
  }
}

function inventAccounts(): Record<Role, DemoAccount> {
  const invent = (role: Role) => ({ email: `${role}@demo.the-tip-top.example`, password: inventPassword() });
  return { customer: invent('customer'), employee: invent('employee'), admin: invent('admin') };
}

/** The accounts as lines to print. */
export function describeDemoData({ accounts, codes }: DemoData): string {
  const lines = ROLES.map(
    (role) => `  ${role.padEnd(8)}  ${accounts[role].email.padEnd(36)}  ${accounts[role].password}`,
  );
  return [
    'Demo accounts, shown this once (kept in demo.json under DATA_DIR):',
    ...lines,
    'Codes to play:',
    `  ${codes.join('  ')}`,
  ].join('\n');
}

async function keep(demo: DemoData, dataDir: string): Promise<void> {
  const file = join(dataDir, KEPT_FILE);
  // Renamed when it is whole: what a killed start leaves can be read.
  await writeFile(`${file}.draft`, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.draft`, file);
}

async function readKept(dataDir: string): Promise<DemoData | undefined> {
  const file = join(dataDir, KEPT_FILE);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as DemoData) : undefined;
}

/** Random and easy to type: about 45 bits. */
function inventPassword(): string {
  const words = Array.from({ length: 5 }, () => PASSWORD_SYLLABLES[randomInt(PASSWORD_SYLLABLES.length)] ?? '');
  return `${words.join('-')}-${randomInt(100_000, 1_000_000).toString()}`;
}
