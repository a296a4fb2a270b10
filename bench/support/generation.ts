import { ContestsService, PRESETS, PrintRunService } from '@tiptop/game';
import { createLogger, loadConfig } from '@tiptop/platform';
import { createApp } from '../../apps/api/src/create-app';
import { sizeFromEnvironment } from './size';

/**
 * One generation in a process of its own, so that its memory is its own: codes, shuffled and sealed deck, commitment,
 * everything between an empty contest and a playable one. Writes its figures to stdout as JSON.
 */
async function main(): Promise<void> {
  const tickets = sizeFromEnvironment(500_000);
  const app = await createApp(loadConfig(process.env), createLogger('error'));
  try {
    const slug = `bench-${process.pid.toString()}`;
    const contest = await app.get(ContestsService).create({ preset: { ...PRESETS['the-tip-top'], slug } });
    const start = performance.now();
    await app.get(PrintRunService).generate(contest.id, tickets);
    const seconds = (performance.now() - start) / 1000;
    // maxRSS is in kibibytes.
    const peakResidentMb = (process.resourceUsage().maxRSS * 1024) / 1_000_000;
    process.stdout.write(JSON.stringify({ seconds, ticketsPerSecond: tickets / seconds, peakResidentMb }));
  } finally {
    await app.close();
  }
}

void main();
