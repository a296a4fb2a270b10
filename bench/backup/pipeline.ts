import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Comparison } from '../support/comparison';
import { type Figures, median, progress, round } from '../support/report';
import { watchMemory } from '../support/resident-memory';
import type { BackupProcess } from './backup-process';
import { type BareOutcome, BareTools } from './bare-tools';
import type { RunOutcome } from './messages';
import type { Stage } from './stage';

/** An even number: each side goes first as often as the other. */
const ROUNDS = 2;
const MB = 1_000_000;
const exec = promisify(execFile);

/**
 * The whole local pipeline, from the call to its end, against the bare programs one after the other.
 *
 * `ratios.bareTools` is our time over theirs, since that is how the limit is given: 1.25 at most, and less is better.
 */
export async function comparePipelines(stage: Stage, backups: BackupProcess): Promise<Comparison> {
  const bareTools = await BareTools.find(stage);
  const bare: BareOutcome[] = [];
  const ours: RunOutcome[] = [];
  const runBare = async (tools: BareTools): Promise<void> => {
    await settle(stage);
    bare.push(tellBare(await tools.run()));
  };
  const runOurs = async (): Promise<void> => {
    await settle(stage);
    ours.push(tellOurs(await backups.run()));
  };
  progress('backup: once to warm the page cache');
  await (bareTools ? bareTools.run() : stage.dataSource.query('SELECT count(*) FROM tickets'));
  // Our very first run is measured: what it loads then counts as growth.
  const memory = await watchMemory(backups.pid);
  for (let turn = 0; turn < ROUNDS; turn++) {
    if (bareTools && turn % 2 === 0) await runBare(bareTools);
    await runOurs();
    if (bareTools && turn % 2 === 1) await runBare(bareTools);
  }
  const memoryMb = round(memory.grownMb(), 1);
  await memory.stop();
  progress(`backup: memory +${memoryMb} MB`);
  const figures = figuresOfOurs(ours);
  const sides = { ours: { ...figures, memoryMb } };
  if (!bareTools) return { sides, ratios: {} };
  const theirs = figuresOfBare(bare);
  const ratio = round((figures.seconds ?? Number.NaN) / (theirs.seconds ?? Number.NaN), 3);
  progress(`backup: ours takes ${ratio} times as long as the bare programs`);
  return { sides: { ...sides, bareTools: theirs }, ratios: { bareTools: ratio } };
}

/** What one side has left to be written is not to be paid for by the other. */
async function settle({ dataSource }: Stage): Promise<void> {
  await dataSource.query('CHECKPOINT');
  await exec('sync');
}

function figuresOfOurs(runs: readonly RunOutcome[]): Figures {
  const stepSeconds = (name: string): number =>
    round(median(runs.map(({ steps }) => steps.find((step) => step.name === name)?.seconds ?? Number.NaN)), 2);
  return {
    seconds: round(median(runs.map(({ seconds }) => seconds)), 2),
    databaseSeconds: stepSeconds('database'),
    archiveSeconds: stepSeconds('archive'),
    archiveMb: round(median(runs.map(({ archiveBytes }) => archiveBytes)) / MB, 2),
    rounds: runs.length,
  };
}

function figuresOfBare(runs: readonly BareOutcome[]): Figures {
  const of = (figure: keyof BareOutcome): number => round(median(runs.map((run) => run[figure])), 2);
  return {
    seconds: of('seconds'),
    pgDumpSeconds: of('pgDump'),
    pgRestoreSeconds: of('pgRestore'),
    tarSeconds: of('tar'),
    ageSeconds: of('age'),
    archiveMb: round(median(runs.map(({ archiveBytes }) => archiveBytes)) / MB, 2),
    rounds: runs.length,
  };
}

function tellBare(outcome: BareOutcome): BareOutcome {
  const { seconds, pgDump, pgRestore, tar, age } = outcome;
  const parts = Object.entries({ pg_dump: pgDump, pg_restore: pgRestore, tar, age });
  const inWords = parts.map(([program, took]) => `${program} ${took.toFixed(2)}`).join(', ');
  progress(`backup: bare programs ${seconds.toFixed(2)} s (${inWords})`);
  return outcome;
}

function tellOurs(outcome: RunOutcome): RunOutcome {
  progress(`backup: ours ${outcome.seconds.toFixed(2)} s`);
  for (const { name, status, seconds, detail } of outcome.steps) {
    if (status !== 'disabled') progress(`  ${name} ${seconds.toFixed(2)} s: ${detail}`);
  }
  return outcome;
}
