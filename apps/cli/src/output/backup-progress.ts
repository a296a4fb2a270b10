import type { Writable } from 'node:stream';
import type { RunObserver, StepReport } from '@tiptop/ops';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** Watches a backup for whoever sits before it. */
export interface BackupProgressView extends RunObserver {
  /** To be called whether the work ended well or not. */
  stop(): void;
}

const STEP_PERCENT = 10;
const NAME_WIDTH = 14;

/**
 * On a terminal a line for each step under way, which makes room for its outcome; elsewhere a line when a step begins, at
 * each tenth of the way, and when it is over.
 */
export function showBackupProgress(stream: Writable & { isTTY?: boolean }): BackupProgressView {
  return stream.isTTY ? bars(stream) : lines(stream);
}

/** Nothing is shown: with --json only the document at the end is of interest. */
export const NO_PROGRESS: BackupProgressView = {
  progress: () => undefined,
  finished: () => undefined,
  stop: () => undefined,
};

function bars(stream: Writable): BackupProgressView {
  const all = new MultiBar(
    {
      stream,
      format: (_, { progress }, { step, text, known }: { step: string; text: string; known: boolean }) =>
        `${'…'.padEnd(9)} ${step.padEnd(NAME_WIDTH)} ${known ? `${Math.floor(progress * 100)} %  ` : ''}${text}`,
      hideCursor: false,
      // Signals are the command's to answer.
      gracefulExit: false,
      clearOnComplete: true,
      linewrap: false,
    },
    Presets.shades_classic,
  );
  const byStep = new Map<string, SingleBar>();
  return {
    progress: (step, text, done, whole) => {
      const known = done !== undefined && whole !== undefined && whole > 0;
      const bar = byStep.get(step) ?? all.create(1, 0, { step, text, known });
      byStep.set(step, bar);
      bar.setTotal(known ? whole : 1);
      // A whole that was estimated may turn out to be too little.
      bar.update(known ? Math.min(done, whole) : 0, { step, text, known });
    },
    finished: (report) => {
      const bar = byStep.get(report.name);
      byStep.delete(report.name);
      // Written by the next redrawing, which must come: after the last step there would be none.
      all.log(`${outcomeOf(report)}\n`);
      if (bar) all.remove(bar);
      else all.update();
    },
    stop: () => {
      all.stop();
    },
  };
}

function lines(stream: Writable): BackupProgressView {
  const told = new Map<string, { text: string; tenth: number }>();
  return {
    progress: (step, text, done, whole) => {
      const before = told.get(step);
      const percent = done === undefined || !whole ? 0 : Math.min(100, Math.floor((done / whole) * 100));
      const tenth = percent - (percent % STEP_PERCENT);
      if (before && before.text === text && tenth <= before.tenth) return;
      told.set(step, { text, tenth });
      const said = [text, tenth > 0 ? `${tenth} %` : ''].filter((part) => part !== '').join(' ');
      stream.write(`${step}${said === '' ? '' : `: ${said}`}\n`);
    },
    finished: (report) => {
      told.delete(report.name);
      stream.write(`${outcomeOf(report)}\n`);
    },
    stop: () => undefined,
  };
}

/** @returns one line: details of others may hold line breaks */
function outcomeOf({ status, name, detail }: StepReport): string {
  return `${status.padEnd(9)} ${name.padEnd(NAME_WIDTH)} ${detail.replace(/\s*\n\s*/g, ' ')}`;
}
