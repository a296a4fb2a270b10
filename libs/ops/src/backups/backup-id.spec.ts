import {
  archiveName,
  BACKUP_KINDS,
  formatBackupId,
  manifestName,
  parseBackupId,
  parseFileName,
  partialName,
} from './backup-id';

const AT = new Date('2026-11-22T02:00:07Z');

describe('A backup’s name', () => {
  it.each(BACKUP_KINDS)('of kind %s is read as it was written, and so are the names of its files', (kind) => {
    const id = formatBackupId({ kind, at: AT });
    expect(id).toBe(`${kind}-20261122T020007Z`);
    expect(parseBackupId(id)).toEqual({ kind, at: AT });
    expect(parseFileName(archiveName(id))).toEqual({ id, backup: { kind, at: AT }, part: 'archive' });
    expect(parseFileName(manifestName(id))).toEqual({ id, backup: { kind, at: AT }, part: 'manifest' });
    expect(parseFileName(partialName(id))).toEqual({ id, backup: { kind, at: AT }, part: 'partial' });
  });

  it.each([
    'daily-20260231T020000Z',
    'daily-20261122T250000Z',
    'hourly-20261122T020000Z',
    'daily-20261122T020000',
    'xdaily-20261122T020000Z',
    'daily-20261122T020000Z.old',
    '',
  ])('is not %j, nor is a file of that name one of ours', (text) => {
    expect(parseBackupId(text)).toBeUndefined();
    for (const name of [archiveName(text), manifestName(text), partialName(text)]) {
      expect(parseFileName(name)).toBeUndefined();
    }
  });

  it('is not what stands in a file name of another end', () => {
    for (const end of ['', '.tar', '.tar.age.tmp', '.manifest', '.partial']) {
      expect(parseFileName(`daily-20261122T020000Z${end}`)).toBeUndefined();
    }
  });
});
