import { reportText } from './report-text';
import { HOSTILE_REPORT, SAMPLE_REPORT } from './spec-support/sample-report';
import { lengthOf } from './wrapped-text';

const EXPECTED = `Backup daily-20261122T020000Z: DEGRADED
=======================================

Environment  prod
Kind         daily, by the calendar
Started      2026-11-22 02:00:00 UTC
Finished     2026-11-22 02:07:12 UTC, after 7 min 12 s
Archive      61.3 MB
SHA-256      ${'5e'.repeat(32)}
Rows         500,120
Migration    Backups1795600000000
Space left   119.9 GB
Next run     2026-11-23 02:00:00 UTC

REASON
  - upload-s3: it keeps half of what was sent

WARNINGS
  - the copy in s3 is not verified

STEPS
  [PASSED]   Disk space (space): 0.4 s
             /srv/backups (file system /srv): 120.0 GB free, 1.4 GB needed
  [PASSED]   Database: 3 min 12 s, 2 attempts
             tiptop: 500,120 rows in 24 tables
  [DISABLED] Jenkins
             JENKINS_HOME is not set
  [FAILED]   Remote copy (upload-s3): 3 min 40 s, 3 attempts
             s3:https://storage.example/backups keeps 31457280 bytes of
             daily-20261122T020000Z.tar.age, where 61341696 were sent
  [DEGRADED] Removal of old backups (prune): 10.0 s
             1 removed
             nothing else is old enough

COPIES
  [VERIFIED]     local: 2026-11-22 02:03:19 UTC
                 /srv/backups/daily/daily-20261122T020000Z.tar.age, hashed in
                 full
  [NOT VERIFIED] s3
                 what was read back is shorter than what was sent

CONTENTS
  - db/tiptop.dump.gz: 61.2 MB
    SHA-256 ${'ab'.repeat(32)}
  - config/a-long-folder/a-long-folder/a-long-folder/a-long-folder/a-long-folder
    /a-long-folder/nginx.conf: 812 bytes
    SHA-256 ${'cd'.repeat(32)}

REMOVED
  - local: daily-20261014T020000Z: it is older than 30 days

WHO CAN OPEN IT
  - age1${'q'.repeat(58)}
  - age1${'z'.repeat(58)}

TOOLS
  - pg_dump 15.10
  - age 1.1.1
`;

describe('reportText', () => {
  it('tells everything there is, in 80 columns', () => {
    expect(reportText(SAMPLE_REPORT)).toBe(EXPECTED);
  });

  it('says so where there is nothing', () => {
    const text = reportText({
      ...SAMPLE_REPORT,
      status: 'failed',
      steps: [],
      copies: [],
      archive: null,
      artifacts: [],
      rows: null,
      migration: null,
      tools: {},
      recipients: [],
      warnings: [],
      quarantined: 'the dump is less than half of what dumps were',
      reason: null,
      removed: [],
      freeBytes: null,
      nextAt: null,
    });
    expect(text).toContain(`: FAILED\n`);
    expect(text).toContain(
      'Archive      none was made\nRows         not known\nMigration    none\nSpace left   not known',
    );
    expect(text).toContain('Next run     none is planned\n');
    expect(text).toContain(
      'QUARANTINED\n  - the dump is less than half of what dumps were\n' +
        '  - It fills no slot of the retention, and replaces no other backup.\n',
    );
    expect(text).toContain('COPIES\n  none\n');
    expect(text).not.toContain('REASON');
  });

  it('keeps to its columns and to what can be seen, whatever names there are', () => {
    const text = reportText(HOSTILE_REPORT);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(text.split('\n').filter((line) => lengthOf(line) > 80 || /\s$/.test(line))).toEqual([]);
  });
});
