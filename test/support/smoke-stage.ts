import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SmokeContest } from '@tiptop/game';
import { SmokeJourney, type SmokeReport, SmokeTrial } from '@tiptop/ops';
import { type AppConfig, createLogger } from '@tiptop/platform';
import { CliModule } from '../../apps/cli/src/backend/cli.module';

/** What `tiptop` has of smoke journeys, on some database. */
export interface SmokeBench {
  stage: SmokeContest;
  /** A whole journey: prepares, travels, strikes. */
  smoke: (baseUrl: string, signal?: AbortSignal) => Promise<SmokeReport>;
  close: () => Promise<void>;
}

export const NEVER = new AbortController().signal;

export async function smokeBench(config: AppConfig): Promise<SmokeBench> {
  const app: INestApplicationContext = await NestFactory.createApplicationContext(
    CliModule.register(config, createLogger('silent')),
    { logger: false, abortOnError: false },
  );
  const stage = app.get(SmokeContest, { strict: false });
  const trial = new SmokeTrial(config, stage, new SmokeJourney());
  return {
    stage,
    smoke: (baseUrl, signal = NEVER) => trial.at(baseUrl, { signal, progress: () => undefined }),
    close: () => app.close(),
  };
}
