import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MailConfig } from '@tiptop/platform';
import { type ReceivedMail, readMail } from './received-mail';
import type { TestApp } from './test-app';
import { until } from './waiting';

/** Letters leave, to files while there is no server. */
export const TEST_MAIL: MailConfig = {
  smtpUrl: undefined,
  from: 'Thé Tip Top <ne-pas-repondre@the-tip-top.example>',
  delivery: true,
  retrySeconds: 1,
  retryMaxSeconds: 1,
};

/** Names of the letters of a kind that a person has in their folder, the oldest first. */
export function lettersIn({ config }: TestApp, userId: string, kind = ''): string[] {
  const folder = join(config.dataDir, 'mail', userId);
  if (!existsSync(folder)) return [];
  // While a letter is being written, its file has another name.
  return readdirSync(folder)
    .filter((name) => name.includes(kind) && name.endsWith('.eml'))
    .sort();
}

/** Waits for a person's first letter of a kind. */
export async function letterIn(test: TestApp, userId: string, kind: string): Promise<ReceivedMail> {
  await until(`a letter ${kind} is there`, () => lettersIn(test, userId, kind).length > 0);
  const [name = ''] = lettersIn(test, userId, kind);
  return readMail(readFileSync(join(test.config.dataDir, 'mail', userId, name)));
}
