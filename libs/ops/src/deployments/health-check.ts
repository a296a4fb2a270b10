import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { StepFailure } from '../backups/backup-source';
import { localWords } from '../stores/network-words';
import type { Underway } from './deployment-watch';

const MS = 1000;
const ANSWER_MS = 10_000;

/** Asks the service, by the address that the world uses, whether it is well. */
@Injectable()
export class HealthCheck {
  constructor(private readonly config: AppConfig) {}

  /**
   * Asks until the answer is 200, as often and with such pauses as the settings say.
   * @returns one line for the report
   * @throws StepFailure with the last answer
   */
  async wait({ signal, progress }: Underway): Promise<string> {
    const { healthTries, healthSeconds } = this.config.ops.deploy;
    const url = this.address().href;
    let last = '';
    for (let tries = 1; tries <= healthTries; tries++) {
      if (tries > 1) await pause(healthSeconds * MS, undefined, { signal });
      progress(`${url}, try ${tries} of ${healthTries}${last === '' ? '' : `; the last one: ${last}`}`);
      last = await answerOf(url, signal);
      if (last === OK) return `${url} answers 200, at try ${tries}`;
    }
    throw new StepFailure(
      `${url} did not answer 200 in ${healthTries} tries, ${healthSeconds} s apart: ${last}`,
      false,
    );
  }

  /**
   * Where the world finds the service; a deployment that can't be looked at from there is refused before it begins.
   * @throws StepFailure
   */
  address(): URL {
    const { publicUrl, ops } = this.config;
    if (publicUrl === undefined)
      throw new StepFailure('PUBLIC_URL is not set: the address by which the world asks', false);
    const url = new URL('/health', publicUrl);
    if (url.protocol !== 'https:' && ops.environment !== 'dev') {
      throw new StepFailure(`PUBLIC_URL must begin with https:// in ${ops.environment}`, false);
    }
    return url;
  }
}

const OK = '200';

/** @returns the status, and what else there is to say where it is not 200 */
async function answerOf(url: string, signal: AbortSignal): Promise<string> {
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    // A redirect is no answer of the service: it would hide an address that is wrong.
    const answer = await fetch(url, { redirect: 'manual', signal: limited });
    await answer.body?.cancel();
    return answer.status === 200 ? OK : `status ${answer.status}`;
  } catch (error) {
    signal.throwIfAborted();
    const { name, message, cause } = error as Error;
    if (name === 'TimeoutError') return `no answer in ${ANSWER_MS / MS} s`;
    // fetch says only that it has failed; why stands in the cause.
    return localWords(cause)?.message ?? (cause as Error | undefined)?.message ?? message;
  }
}
