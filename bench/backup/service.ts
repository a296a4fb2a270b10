import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type BackupRun, BackupRuns, OpsModule, type StepReport } from '@tiptop/ops';
import {
  type AppConfig,
  ClockModule,
  ConfigModule,
  createLogger,
  DatabaseModule,
  loadConfig,
  LoggingModule,
  SystemClock,
} from '@tiptop/platform';
import { schema } from '../../migrations/data-source';
import type { Order, RunOutcome, Word } from './messages';

/**
 * What makes backups, in a process of its own, so that its memory is its own. It makes one at each order, and ends when
 * whoever started it lets go.
 */
@Module({})
class BackupService {
  static register(config: AppConfig): DynamicModule {
    return {
      module: BackupService,
      imports: [
        ConfigModule.register(config),
        LoggingModule.register(createLogger('warn', process.stderr)),
        ClockModule.register(new SystemClock()),
        DatabaseModule.register(schema),
        OpsModule,
      ],
    };
  }
}

async function main(): Promise<void> {
  const service = BackupService.register(loadConfig(process.env));
  const app = await NestFactory.createApplicationContext(service, { logger: false, abortOnError: false });
  const runs = app.get(BackupRuns, { strict: false });
  let interruption = new AbortController();
  process.on('message', (order: Order) => {
    if (order === 'interrupt') {
      interruption.abort(new Error('the benchmark has seen enough'));
      return;
    }
    interruption = new AbortController();
    makeOne(runs, interruption.signal).then((outcome) => {
      tell({ is: 'over', outcome });
    }, fail);
  });
  process.once('disconnect', () => {
    app.close().catch(fail);
  });
  tell({ is: 'ready' });
}

async function makeOne(runs: BackupRuns, signal: AbortSignal): Promise<RunOutcome> {
  let step = '';
  const observer = {
    progress: (name: string) => {
      if (name !== step) tell({ is: 'step', step: name });
      step = name;
    },
    finished: () => undefined,
  };
  const started = performance.now();
  const run = await runs.run({ kind: 'manual', trigger: 'manual', signal, observer });
  const seconds = (performance.now() - started) / 1000;
  if (!run) throw new Error('The run has not taken place');
  return outcomeOf(run, seconds);
}

function outcomeOf({ status, reason, steps, manifest }: BackupRun, seconds: number): RunOutcome {
  return {
    status,
    reason,
    seconds,
    steps: steps.map((step) => ({
      name: step.name,
      status: step.status,
      seconds: secondsOf(step),
      detail: step.detail,
    })),
    archiveBytes: manifest?.archive.bytes ?? 0,
  };
}

function secondsOf({ startedAt, finishedAt }: StepReport): number {
  return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
}

function tell(word: Word): void {
  process.send?.(word);
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
