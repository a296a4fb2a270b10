import { readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { bytesInWords } from '../../artifacts/bytes-in-words';
import type { Underway } from '../deployment-watch';
import { ContainerEngine } from './container-engine';

const MEMORY_FILE = '/proc/meminfo';

/** Whether the engine's machine has memory for a second container beside the first. */
@Injectable()
export class EngineRoom {
  constructor(
    private readonly config: AppConfig,
    private readonly engine: ContainerEngine,
  ) {}

  /**
   * @param limitBytes what each of the two may use; 0, no limit, says nothing of what they need, and passes
   * @returns why they don't fit, or undefined where they do
   * @throws StepFailure where the engine does not answer
   */
  async refusal(limitBytes: number, u: Underway): Promise<string | undefined> {
    const free = this.isLocal() ? availableIn(await readFile(MEMORY_FILE, 'utf8').catch(() => '')) : undefined;
    return refusalOf(limitBytes, await this.engine.memory(u), free);
  }

  /** What is free on a machine elsewhere can't be told from here. */
  private isLocal(): boolean {
    const { dockerHost } = this.config.ops;
    return dockerHost === undefined || dockerHost.startsWith('unix://');
  }
}

/** @param freeBytes undefined where nobody can tell */
export function refusalOf(limitBytes: number, wholeBytes: number, freeBytes: number | undefined): string | undefined {
  const need = `a second container may use ${bytesInWords(limitBytes)}`;
  if (2 * limitBytes > wholeBytes) return `${need}, and the machine has ${bytesInWords(wholeBytes)} for both`;
  if (freeBytes !== undefined && limitBytes > freeBytes) {
    return `${need}, and ${bytesInWords(freeBytes)} of the machine’s memory are free`;
  }
  return undefined;
}

/** @param text of /proc/meminfo. @returns bytes that can be had without swapping, or undefined */
export function availableIn(text: string): number | undefined {
  const [, kibibytes] = /^MemAvailable:\s+(\d+) kB$/m.exec(text) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
