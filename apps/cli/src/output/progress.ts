import type { Writable } from 'node:stream';
import { Presets, SingleBar } from 'cli-progress';

/** Shows how far a work is. */
export interface ProgressView {
  update: (done: number) => void;
  /** To be called whether the work ended well or not. */
  stop: () => void;
}

const STEP_PERCENT = 10;

/**
 * On a terminal a bar; elsewhere, in the log of a deployment for one, a line at each tenth of the way.
 * @param total what `update` will reach
 */
export function showProgress(stream: Writable & { isTTY?: boolean }, label: string, total: number): ProgressView {
  return stream.isTTY ? bar(stream, label, total) : lines(stream, label, total);
}

function bar(stream: Writable, label: string, total: number): ProgressView {
  const single = new SingleBar(
    {
      stream,
      format: `${label} {bar} {percentage} % | {duration_formatted}`,
      hideCursor: false,
      // Signals are the command's to answer.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  single.start(total, 0);
  return {
    update: (done) => {
      single.update(done);
    },
    stop: () => {
      single.stop();
    },
  };
}

function lines(stream: Writable, label: string, total: number): ProgressView {
  let told = 0;
  return {
    update: (done) => {
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
      const reached = percent - (percent % STEP_PERCENT);
      if (reached <= told) return;
      told = reached;
      stream.write(`${label}: ${reached} %\n`);
    },
    stop: () => undefined,
  };
}
