import { BackupProcess } from './backup/backup-process';
import { comparePipelines } from './backup/pipeline';
import { comparePlays, playable } from './backup/plays';
import { setStage } from './backup/stage';
import { printReport, progress } from './support/report';
import { sizeFromEnvironment } from './support/size';

const TICKETS = sizeFromEnvironment(5_000_000);

/** What a backup costs: its time against the bare programs', its memory, and what of it the players feel. */
async function main(): Promise<void> {
  const started = performance.now();
  const stage = await setStage(TICKETS, playable(TICKETS));
  try {
    const backups = await BackupProcess.start(stage);
    try {
      const pipelines = await comparePipelines(stage, backups);
      const plays = await comparePlays(stage, backups, TICKETS);
      progress(`done in ${Math.round((performance.now() - started) / 1000)} s`);
      printReport({
        bench: 'backup',
        tickets: TICKETS,
        sides: { ...pipelines.sides, ...plays.sides },
        ratios: { ...pipelines.ratios, ...plays.ratios },
      });
    } finally {
      await backups.stop();
    }
  } finally {
    await stage.tearDown();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = 1;
});
