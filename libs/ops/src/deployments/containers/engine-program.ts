import { homedir } from 'node:os';
import { Writable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { type HiddenWords, hiddenWordsOf } from '../../alerts/hidden-words';
import { ProcessFailure, Processes } from '../../processes/processes';
import type { Underway } from '../deployment-watch';
import { engineFault } from './engine-words';

/** Of a container's log, the end. */
const KEPT_BYTES = 65_536;

export interface ProgramCall {
  program: 'docker' | 'docker-compose';
  args: readonly string[];
  /** For a person: "pulling registry.example/backend:dev-latest". */
  doing: string;
  /** How long it may rightly say nothing, beside what any program may: the grace of a container, for one. */
  quietSeconds?: number;
}

/** The engine's programs, `docker` and compose: started alike, limited alike, and their faults told alike. */
@Injectable()
export class EngineProgram {
  readonly hidden: HiddenWords;
  private readonly env: Readonly<Record<string, string>>;

  constructor(
    private readonly config: AppConfig,
    private readonly processes: Processes,
  ) {
    const { dockerHost, deploy } = config.ops;
    this.hidden = hiddenWordsOf(config);
    this.env = {
      HOME: homedir(),
      ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }),
      ...(deploy.dockerConfig === undefined ? {} : { DOCKER_CONFIG: deploy.dockerConfig }),
      // The older compose gives up on an engine that is busy for a minute.
      COMPOSE_HTTP_TIMEOUT: String(config.ops.stallSeconds),
      COMPOSE_ANSI: 'never',
    };
  }

  /**
   * @returns what it prints
   * @throws StepFailure
   */
  async text(call: ProgramCall, u: Underway): Promise<string> {
    return this.told(call, u, async () => this.processes.text(this.options(call, u)));
  }

  /**
   * @returns the end of what it prints, to stdout and to stderr
   * @throws StepFailure
   */
  async ends(call: ProgramCall, u: Underway): Promise<{ out: string; err: string }> {
    return this.told(call, u, async () => {
      let kept = Buffer.alloc(0);
      const output = new Writable({
        write(chunk: Buffer, _encoding, done): void {
          kept = Buffer.concat([kept, chunk]).subarray(-KEPT_BYTES);
          done();
        },
      });
      const { stderr } = await this.processes.run({ ...this.options(call, u), output });
      return { out: kept.toString('utf8'), err: stderr };
    });
  }

  /** Whether a program is there and does what it is asked. @throws StepFailure where the call was cut short */
  async works(call: ProgramCall, u: Underway): Promise<boolean> {
    try {
      await this.processes.text(this.options(call, u));
      return true;
    } catch (error) {
      if (error instanceof ProcessFailure && (error.reason === 'missing' || error.reason === 'exit')) return false;
      throw this.inWords(error, call, u);
    }
  }

  private options({ program, args, quietSeconds = 0 }: ProgramCall, { signal }: Underway) {
    const { stallSeconds, stepSeconds } = this.config.ops;
    const stallMs = (stallSeconds + quietSeconds) * 1000;
    return {
      program,
      args,
      env: this.env,
      signal,
      limits: { totalMs: Math.max(stepSeconds * 1000, stallMs), stallMs },
    };
  }

  private async told<T>(call: ProgramCall, u: Underway, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.inWords(error, call, u);
    }
  }

  private inWords(error: unknown, { doing }: ProgramCall, { signal }: Underway): unknown {
    return error instanceof ProcessFailure ? engineFault(error, doing, this.hidden, signal) : error;
  }
}
