import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOUND = /"version":\s*"([^"]+)"/;

/** Of this service, from the package.json above the compiled code or above its source, whichever runs. */
export function serviceVersion(from = __dirname): string {
  const above = dirname(from);
  try {
    const [, version] = FOUND.exec(readFileSync(join(from, 'package.json'), 'utf8')) ?? [];
    if (version !== undefined) return version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return above === from ? 'unknown' : serviceVersion(above);
}
