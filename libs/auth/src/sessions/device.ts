import Bowser from 'bowser';

/**
 * Browser and system as a person would name them, without versions, so that an update makes no new device of an old one.
 * @returns undefined parts left out; null where the User-Agent tells nothing
 */
export function deviceOf(userAgent: string | undefined): string | null {
  if (userAgent === undefined || userAgent.trim() === '') return null;
  const { browser, os } = Bowser.parse(userAgent);
  const name = [browser.name, os.name].filter(Boolean).join(' – ');
  return name === '' ? null : name;
}
