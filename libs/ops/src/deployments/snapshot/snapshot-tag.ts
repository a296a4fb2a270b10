const TAG = /^backup-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/;

/** `backup-20261122-020000`: the name of a snapshot, of its folder, and of its images' tag; UTC, in whole seconds. */
export function formatSnapshotTag(at: Date): string {
  return `backup-${at.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;
}

/** @returns undefined for a text that is no snapshot's name */
export function parseSnapshotTag(text: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = TAG.exec(text) ?? [];
  if (year === undefined) return undefined;
  const at = new Date(`${year}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`);
  // The 31st of February is read as a day in March: what does not come out as it went in is no date.
  return Number.isNaN(at.getTime()) || formatSnapshotTag(at) !== text ? undefined : at;
}

export function isSnapshotTag(text: string): boolean {
  return parseSnapshotTag(text) !== undefined;
}
