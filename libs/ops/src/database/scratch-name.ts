import { randomBytes } from 'node:crypto';

/** Nothing but what stands under this prefix is ever removed. */
export const SCRATCH_PREFIX = 'tiptop_scratch_';
const NAME = new RegExp(`^${SCRATCH_PREFIX}(\\d{4})(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)_[0-9a-f]{8}$`);

/** `tiptop_scratch_20261122020000_1f3a5b7c`: a database's age stands nowhere but in its name. */
export function scratchName(at: Date): string {
  const stamp = at.toISOString().slice(0, 19).replace(/\D/g, '');
  return `${SCRATCH_PREFIX}${stamp}_${randomBytes(4).toString('hex')}`;
}

/** @returns when a scratch database was made, in whole seconds; undefined for the name of any other */
export function madeAt(name: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  if (year === undefined) return undefined;
  const at = new Date(`${year}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
