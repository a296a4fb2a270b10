/** A line of SHA256SUMS. */
export interface Sum {
  path: string;
  /** Lower-case hexadecimal. */
  sha256: string;
}

const LINE = /^(\\?)([0-9a-f]{64}) [ *](.+)$/;

/** What `sha256sum -c` reads. Of a name with a backslash it wants that doubled, and the line to begin with one. */
export function formatSums(sums: readonly Sum[]): string {
  const lines = sums.map(({ path, sha256 }) => {
    const escaped = path.replaceAll('\\', '\\\\');
    return `${escaped === path ? '' : '\\'}${sha256}  ${escaped}\n`;
  });
  return lines.join('');
}

/** @returns the sums by path; undefined for a text that is no list of sums, or names a file twice */
export function parseSums(text: string): ReadonlyMap<string, string> | undefined {
  if (!text.endsWith('\n')) return undefined;
  const sums = new Map<string, string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const [, escaped, sha256, name] = LINE.exec(line) ?? [];
    if (sha256 === undefined || name === undefined) return undefined;
    const path = escaped === '' ? name : name.replaceAll('\\\\', '\\');
    if (sums.has(path)) return undefined;
    sums.set(path, sha256);
  }
  return sums;
}
