import type { BackupState, BackupStateReader } from '@tiptop/ops';
import type { Clock } from '@tiptop/platform';
import { Gauge, type Registry } from 'prom-client';

const STATUSES = ['succeeded', 'degraded', 'failed'] as const;

/** What the rows say of the backups. What is not known, or was not yet, has no sample: a number would be read as one. */
export function addBackupGauges(registry: Registry, backups: BackupStateReader, clock: Clock): void {
  function gauge(name: string, help: string, valueOf: (state: BackupState) => number | null): void {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = await backups.read().then(valueOf, () => null);
        // A gauge without labels would show 0.
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  }
  const age = (at: Date | null): number | null => (at === null ? null : (clock.now().getTime() - at.getTime()) / 1000);
  gauge(
    'backup_newest_remote_age_seconds',
    'Age of the newest backup of which a copy away from the machine is verified.',
    ({ remoteAt }) => age(remoteAt),
  );
  gauge(
    'backup_newest_local_age_seconds',
    'Age of the newest backup of which the local copy is verified.',
    ({ localAt }) => age(localAt),
  );
  gauge('backup_last_run_duration_seconds', 'How long the last backup run took, however it went.', ({ lastRun }) =>
    lastRun === null ? null : (lastRun.finishedAt.getTime() - lastRun.startedAt.getTime()) / 1000,
  );
  gauge('backup_last_run_bytes', 'Size of the archive of the last backup run, where it came to one.', ({ lastRun }) =>
    lastRun === null ? null : lastRun.bytes,
  );
  new Gauge({
    name: 'backup_last_run_status',
    help: 'How the last backup run went: 1 for its status, 0 for the others.',
    labelNames: ['status'] as const,
    registers: [registry],
    async collect() {
      const run = await backups.read().then(
        ({ lastRun }) => lastRun,
        () => null,
      );
      this.reset();
      if (run === null) return;
      for (const status of STATUSES) this.set({ status }, status === run.status ? 1 : 0);
    },
  });
}
