import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { Processes, type ProcessOptions } from '../processes/processes';
import type { Age } from './age';
import { AgeLibrary } from './age-library';
import { AgeProgram } from './age-program';

/** Which of the two ways to encrypt there is on this machine. */
@Injectable()
export class Ages {
  private readonly limits: ProcessOptions['limits'];

  constructor(
    private readonly processes: Processes,
    { ops }: AppConfig,
  ) {
    this.limits = { totalMs: ops.stepSeconds * 1000, stallMs: ops.stallSeconds * 1000 };
  }

  /** The program where it runs, looked for each time: it may be installed at any time. */
  async choose(signal: AbortSignal): Promise<Age> {
    const program = await AgeProgram.find(this.processes, this.limits, signal);
    return program ?? new AgeLibrary(this.limits.totalMs);
  }
}
