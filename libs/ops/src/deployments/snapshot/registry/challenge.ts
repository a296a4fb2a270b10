/** What a registry wants to see: https://distribution.github.io/distribution/spec/auth/token/. */
export type Challenge =
  { scheme: 'basic' } | { scheme: 'bearer'; realm: string; service: string | undefined; scope: string | undefined };

const PARAMETER = /([a-z_]+)="((?:[^"\\]|\\.)*)"/gi;

/** @returns undefined for one that is neither basic nor bearer */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*([a-z]+)\s*(.*)$/i.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const values = new Map<string, string>();
  for (const [, name = '', value = ''] of rest.matchAll(PARAMETER)) {
    values.set(name.toLowerCase(), value.replace(/\\(.)/g, '$1'));
  }
  const realm = values.get('realm');
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  return { scheme: 'bearer', realm, service: values.get('service'), scope: values.get('scope') };
}
