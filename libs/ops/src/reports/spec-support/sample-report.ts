import type { BackupReport } from '../../backups/backup-report';

export const SAMPLE_REPORT: BackupReport = {
  id: 'daily-20261122T020000Z',
  environment: 'prod',
  kind: 'daily',
  trigger: 'schedule',
  status: 'degraded',
  startedAt: '2026-11-22T02:00:00.120Z',
  finishedAt: '2026-11-22T02:07:12.540Z',
  seconds: 432.42,
  steps: [
    {
      name: 'space',
      status: 'passed',
      startedAt: '2026-11-22T02:00:00.120Z',
      finishedAt: '2026-11-22T02:00:00.520Z',
      attempts: 1,
      detail: '/srv/backups (file system /srv): 120.0 GB free, 1.4 GB needed',
    },
    {
      name: 'database',
      status: 'passed',
      startedAt: '2026-11-22T02:00:01.000Z',
      finishedAt: '2026-11-22T02:03:13.000Z',
      attempts: 2,
      detail: 'tiptop: 500,120 rows in 24 tables',
    },
    {
      name: 'jenkins',
      status: 'disabled',
      startedAt: '2026-11-22T02:03:13.000Z',
      finishedAt: '2026-11-22T02:03:13.000Z',
      attempts: 0,
      detail: 'JENKINS_HOME is not set',
    },
    {
      name: 'upload-s3',
      status: 'failed',
      startedAt: '2026-11-22T02:03:20.000Z',
      finishedAt: '2026-11-22T02:07:00.000Z',
      attempts: 3,
      detail:
        's3:https://storage.example/backups keeps 31457280 bytes of daily-20261122T020000Z.tar.age, where 61341696 were sent',
    },
    {
      name: 'prune',
      status: 'degraded',
      startedAt: '2026-11-22T02:07:00.000Z',
      finishedAt: '2026-11-22T02:07:10.000Z',
      attempts: 1,
      detail: '1 removed\nnothing else is old enough',
    },
  ],
  copies: [
    {
      place: 'local',
      verified: true,
      verifiedAt: '2026-11-22T02:03:19.000Z',
      detail: '/srv/backups/daily/daily-20261122T020000Z.tar.age, hashed in full',
    },
    { place: 's3', verified: false, verifiedAt: null, detail: 'what was read back is shorter than what was sent' },
  ],
  archive: { bytes: 61_341_696, sha256: '5e'.repeat(32) },
  artifacts: [
    { path: 'db/tiptop.dump.gz', bytes: 61_200_000, sha256: 'ab'.repeat(32) },
    { path: `config/${'a-long-folder/'.repeat(6)}nginx.conf`, bytes: 812, sha256: 'cd'.repeat(32) },
  ],
  rows: 500_120,
  migration: 'Backups1795600000000',
  tools: { pg_dump: '15.10', age: '1.1.1' },
  recipients: [`age1${'q'.repeat(58)}`, `age1${'z'.repeat(58)}`],
  warnings: ['the copy in s3 is not verified'],
  quarantined: null,
  reason: 'upload-s3: it keeps half of what was sent',
  removed: [{ place: 'local', id: 'daily-20261014T020000Z', why: 'it is older than 30 days' }],
  freeBytes: 119_900_000_000,
  nextAt: '2026-11-23T02:00:00.000Z',
};

/** What nobody may be tricked by, in every field that comes from elsewhere. */
export const HOSTILE = `<script>alert("x")</script> & <!channel> '\`= {{secret}} \u001b[31mred\u202e`;

export const HOSTILE_REPORT: BackupReport = {
  ...SAMPLE_REPORT,
  environment: HOSTILE,
  steps: SAMPLE_REPORT.steps.map((step) => ({ ...step, name: HOSTILE, detail: HOSTILE })),
  copies: SAMPLE_REPORT.copies.map((copy) => ({ ...copy, place: HOSTILE, detail: HOSTILE })),
  artifacts: [{ path: HOSTILE, bytes: 1, sha256: HOSTILE }],
  migration: HOSTILE,
  tools: { [HOSTILE]: HOSTILE },
  recipients: [HOSTILE],
  warnings: [HOSTILE],
  quarantined: HOSTILE,
  reason: HOSTILE,
  removed: [{ place: HOSTILE, id: HOSTILE, why: HOSTILE }],
};
