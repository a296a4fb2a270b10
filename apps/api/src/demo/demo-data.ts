import { randomInt } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { type Role, ROLES, UsersService } from '@tiptop/auth';
import { ContestsService, PRESETS, PrintRunService } from '@tiptop/game';
import { DataSource } from 'typeorm';

const DEMO_TICKETS = 10_000;
const SHOWN_CODES = 5;
const PERSONS: Readonly<Record<Role, { firstName: string; lastName: string }>> = {
  customer: { firstName: 'Camille', lastName: 'Martin' },
  employee: { firstName: 'Alix', lastName: 'Bernard' },
  admin: { firstName: 'Dominique', lastName: 'Petit' },
};
const PASSWORD_SYLLABLES = ['the', 'ver', 'jas', 'min', 'oo', 'long', 'sen', 'cha', 'mat', 'pu', 'er', 'rooi', 'bos'];

/** What a developer needs to try the service by hand. */
export interface DemoData {
  accounts: Record<Role, { email: string; password: string }>;
  codes: string[];
}

/**
 * Fills an empty embedded database with an open contest and one account per role.
 * @returns undefined where there is a contest already
 */
export async function createDemoData(app: INestApplicationContext, dataDir: string): Promise<DemoData | undefined> {
  const contests = app.get(ContestsService);
  if (await contests.any()) return undefined;
  const accounts: Partial<DemoData['accounts']> = {};
  for (const role of ROLES) {
    const account = { email: `${role}@demo.the-tip-top.example`, password: inventPassword() };
    const person = { ...PERSONS[role], ...account, birthDate: '1990-05-17', newsletter: false, role };
    await app.get(UsersService).create({ ...person, acceptsTerms: true, emailVerified: true }, () => Promise.resolve());
    accounts[role] = account;
  }
  const contest = await contests.create({ preset: { ...PRESETS['the-tip-top'], slug: 'demo' } });
  await app.get(PrintRunService).generate(contest.id, DEMO_TICKETS);
  const rows = await app
    .get(DataSource)
    .query<{ code: string }[]>('SELECT code FROM tickets WHERE contest_id = $1 ORDER BY md5(code) LIMIT $2', [
      contest.id,
      SHOWN_CODES,
    ]);
  const demo: DemoData = { accounts: accounts as DemoData['accounts'], codes: rows.map(({ code }) => code) };
  await keep(demo, dataDir);
  return demo;
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
  const file = join(dataDir, 'demo.json');
  await writeFile(file, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
}

/** Random and easy to type: about 45 bits. */
function inventPassword(): string {
  const words = Array.from({ length: 5 }, () => PASSWORD_SYLLABLES[randomInt(PASSWORD_SYLLABLES.length)] ?? '');
  return `${words.join('-')}-${randomInt(100_000, 1_000_000).toString()}`;
}
