import * as fc from 'fast-check';
import { formatSnapshotTag, isSnapshotTag, parseSnapshotTag } from './snapshot-tag';

describe('The name of a snapshot', () => {
  it('is written as the process has it, in UTC', () => {
    expect(formatSnapshotTag(new Date('2026-11-22T02:03:04.999Z'))).toBe('backup-20261122-020304');
  });

  it('comes back as it went', () => {
    const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, (n) => {
        const at = new Date(n * 1000);
        expect(parseSnapshotTag(formatSnapshotTag(at))).toEqual(at);
      }),
    );
  });

  it('sorts as its time does', () => {
    const tags = ['2026-11-22T02:03:04Z', '2026-11-22T10:00:00Z', '2027-01-01T00:00:00Z'].map((at) =>
      formatSnapshotTag(new Date(at)),
    );
    expect([...tags].sort()).toEqual(tags);
  });

  it.each([
    'backup-20261122-02030',
    'backup-20261122T020304',
    'backup-20260231-020304',
    'backup-20261122-240000',
    'xbackup-20261122-020304',
    'backup-20261122-020304x',
    '.backup-20261122-020304',
    'prod-latest',
    '',
  ])('is not %s', (text) => {
    expect(isSnapshotTag(text)).toBe(false);
  });
});
