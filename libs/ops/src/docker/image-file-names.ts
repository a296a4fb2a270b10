import { createHash } from 'node:crypto';

/** Leaves room for what distinguishes names and for the ending: a file's name has 255 bytes. */
const LONGEST = 180;

/**
 * A file's name for each image, which tells people whose it is: `backend:prod-latest` → `backend_prod-latest.tar.gz`.
 * References that come out alike, `a/b` and `a_b`, get a bit of their hash.
 */
export function imageFileNames(references: readonly string[]): Map<string, string> {
  const stems = new Map(references.map((reference) => [reference, stemOf(reference)]));
  const names = new Map<string, string>();
  for (const [reference, stem] of stems) {
    // Some file systems don't tell capitals apart.
    const alike = [...stems.values()].filter((other) => other.toLowerCase() === stem.toLowerCase()).length > 1;
    const hash = createHash('sha256').update(reference).digest('hex').slice(0, 12);
    // With a sign that no stem has.
    names.set(reference, `${alike || stem.length > LONGEST ? `${stem.slice(0, LONGEST)}+${hash}` : stem}.tar.gz`);
  }
  return names;
}

function stemOf(reference: string): string {
  return reference.replace(/[^A-Za-z0-9.-]/g, '_');
}
