/** What a backup was made for. A nightly one is named after the longest time it may be kept for. */
export const BACKUP_KINDS = ['daily', 'weekly', 'monthly', 'pre-deploy', 'manual'] as const;
export type BackupKind = (typeof BACKUP_KINDS)[number];

/** Those that the calendar makes; each fills the slots of the shorter-lived ones as well. */
export const SCHEDULED_KINDS = ['daily', 'weekly', 'monthly'] as const satisfies readonly BackupKind[];
export type ScheduledKind = (typeof SCHEDULED_KINDS)[number];

export function isScheduled(kind: BackupKind): kind is ScheduledKind {
  return (SCHEDULED_KINDS as readonly BackupKind[]).includes(kind);
}

/** A backup's name, taken apart. */
export interface BackupId {
  kind: BackupKind;
  /** When it was begun, in whole seconds. */
  at: Date;
}

const ID = new RegExp(`^(${BACKUP_KINDS.join('|')})-(\\d{4})(\\d\\d)(\\d\\d)T(\\d\\d)(\\d\\d)(\\d\\d)Z$`);
const ARCHIVE_END = '.tar.age';
const MANIFEST_END = '.manifest.json';
const PARTIAL_END = '.partial';

/** `daily-20261122T020000Z` */
export function formatBackupId({ kind, at }: BackupId): string {
  return `${kind}-${at.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** @returns undefined for a text that is no backup's name */
export function parseBackupId(text: string): BackupId | undefined {
  const [, kind, year, month, day, hour, minute, second] = ID.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const at = new Date(`${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`);
  // The 31st of February is read as a day in March: what does not come out as it went in is no date.
  const id = { kind: kind as BackupKind, at };
  return Number.isNaN(at.getTime()) || formatBackupId(id) !== text ? undefined : id;
}

/** `<id>.tar.age` */
export function archiveName(id: string): string {
  return id + ARCHIVE_END;
}

/** `<id>.manifest.json` */
export function manifestName(id: string): string {
  return id + MANIFEST_END;
}

/** `.<id>.partial`: a backup under way, or what is left of one. */
export function partialName(id: string): string {
  return `.${id}${PARTIAL_END}`;
}

/** Which part of which backup a file name stands for; undefined for every name that is not ours. */
export function parseFileName(
  name: string,
): { id: string; backup: BackupId; part: 'archive' | 'manifest' | 'partial' } | undefined {
  for (const [part, begin, end] of [
    ['archive', '', ARCHIVE_END],
    ['manifest', '', MANIFEST_END],
    ['partial', '.', PARTIAL_END],
  ] as const) {
    if (!name.startsWith(begin) || !name.endsWith(end)) continue;
    const id = name.slice(begin.length, name.length - end.length);
    const backup = parseBackupId(id);
    if (backup) return { id, backup, part };
  }
  return undefined;
}
