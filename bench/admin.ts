import type { Comparison } from './support/comparison';
import { compareCountedPlays } from './admin/counted-plays';
import { compareExports } from './admin/exports';
import { compareLists } from './admin/lists';
import { setStage } from './admin/stage';
import { compareStatistics } from './admin/statistics';
import { printReport, progress } from './support/report';
import { sizeFromEnvironment } from './support/size';

const TICKETS = sizeFromEnvironment(500_000);
/** The statistics are asked of one contest that is ten times smaller, and one that is ten times larger. */
const [SMALL, LARGE] = [Math.floor(TICKETS / 10), TICKETS * 10];

/** What administration costs: its lists, its statistics and its exports, and what of it the players feel. */
async function main(): Promise<void> {
  const started = performance.now();
  const stage = await setStage(TICKETS);
  try {
    const comparisons: Comparison[] = [
      await compareLists(stage),
      await compareCountedPlays(stage, TICKETS),
      await compareExports(stage, TICKETS),
      await compareStatistics(stage, SMALL, LARGE),
    ];
    progress(`done in ${Math.round((performance.now() - started) / 1000)} s`);
    printReport({
      bench: 'admin',
      tickets: TICKETS,
      sides: Object.assign({}, ...comparisons.map(({ sides }) => sides)) as Comparison['sides'],
      ratios: Object.assign({}, ...comparisons.map(({ ratios }) => ratios)) as Comparison['ratios'],
    });
  } finally {
    await stage.tearDown();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = 1;
});
