import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decoded, HiddenWords } from '../../alerts/hidden-words';
import { settingsIn } from '../containers/compose-project';

/** Settings whose values are nobody's business. */
const SECRET_NAME = /PASS|SECRET|TOKEN|KEY|WEBHOOK|CREDENTIAL/;
const URL_PASSWORD = /\w+:\/\/[^\s:/@]*:([^\s/@]+)@/g;
/** Shorter ones are words, and would take half of what a log says with them. */
const SHORTEST = 6;
const MOST_BYTES = 65_536;

/** What stands in an environment's settings and secrets, as far as this user may read them. */
export async function secretsOf(settingsFile: string, secretsFolder: string): Promise<HiddenWords> {
  const settings = settingsIn(await textOf(settingsFile));
  const names = await readdir(secretsFolder).catch(() => []);
  const files = await Promise.all(names.map(async (name) => textOf(join(secretsFolder, name))));
  const secrets = settings.filter(([name]) => SECRET_NAME.test(name)).map(([, value]) => value);
  const lines = files.flatMap((text) => text.split('\n'));
  const passwords = [...settings.map(([, value]) => value), ...lines].flatMap((text) =>
    [...text.matchAll(URL_PASSWORD)].flatMap(([, password = '']) => [password, decoded(password)]),
  );
  const words = [...secrets, ...lines, ...passwords].map((word) => word.trim());
  return new HiddenWords(words.filter((word) => word.length >= SHORTEST));
}

/** What may not be read here is not told by what was read here. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').then(
    (text) => text.slice(0, MOST_BYTES),
    () => '',
  );
}
