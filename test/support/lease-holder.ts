import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger, loadConfig } from '@tiptop/platform';
import { StepFailure } from '../../libs/ops/src/backups/backup-source';
import type { LeaseTimes } from '../../libs/ops/src/schedule/lease-times';
import { OperationLease } from '../../libs/ops/src/schedule/operation-lease';
import { OperationUnderWay } from '../../libs/ops/src/schedule/operation.errors';

/** What a process is to do with the lease; handed over as JSON. */
export interface HolderTask {
  name: string;
  databaseUrl: string;
  backupDir: string;
  times: LeaseTimes;
  /** Each begin, end and loss is one line at its end. */
  journal: string;
  /** How often it holds the lease, and how long each time. */
  rounds: number;
  workMs: number;
  /** It gives up trying after so long. */
  patienceMs: number;
}

/** Work that counts what it did, and stops when it is told to. */
async function work(signal: AbortSignal, ms: number, note: (what: string) => void): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    if (signal.aborted) {
      note(`lost ${(signal.reason as Error).message}`);
      return;
    }
    note('works');
    await pause(10);
  }
}

async function main(task: HolderTask): Promise<void> {
  const note = (what: string): void => {
    appendFileSync(task.journal, `${task.name} ${what}\n`);
  };
  const base = loadConfig({ NODE_ENV: 'test', DATABASE_URL: task.databaseUrl, DATA_DIR: task.backupDir });
  const config = base.with({ ops: { ...base.ops, backupDir: task.backupDir } });
  const lease = new OperationLease(config, createLogger('error', { write: () => undefined }), task.times);
  const deadline = performance.now() + task.patienceMs;
  for (let round = 0; round < task.rounds && performance.now() < deadline;) {
    try {
      await lease.hold('backup', new AbortController().signal, async (signal) => {
        note('begins');
        await work(signal, task.workMs, note);
        note('ends');
      });
      round++;
    } catch (error) {
      // A connection that was cut in each of its tries may last the next time.
      const mayPass = error instanceof StepFailure && error.mayPass;
      if (!(error instanceof OperationUnderWay || mayPass)) throw error;
    }
    await pause(5);
  }
  note('is done');
}

void main(JSON.parse(process.argv[2] ?? '') as HolderTask);
