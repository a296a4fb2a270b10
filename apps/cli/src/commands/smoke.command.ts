import { SmokeContest } from '@tiptop/game';
import { SmokeFailure, SmokeJourney, type SmokeStep, SmokeTrial } from '@tiptop/ops';
import { Command, Option } from 'nest-commander';
import { UsageError } from '../failures/cli-error';
import { EXIT } from '../output/exit-codes';
import { CliCommand } from './cli-command';

/** In which an interruption waits for the people to be signed out again. */
const CLEARING_UP_MS = 30_000;

@Command({
  name: 'smoke',
  description: 'Play a ticket of the smoke contest through against a running service, from the login to the hand-over',
})
export class SmokeCommand extends CliCommand {
  override async run(_: string[], { baseUrl }: { baseUrl: string }): Promise<void> {
    const stage = await this.backend.get(SmokeContest);
    const trial = new SmokeTrial(this.backend.config, stage, new SmokeJourney());
    const progress = (text: string): void => {
      if (!this.output.json) this.output.note(text);
    };
    try {
      const { steps } = await this.backend.interruptibly(
        async (signal) => trial.at(baseUrl, { signal, progress }),
        CLEARING_UP_MS,
      );
      this.output.result({ baseUrl, passed: true, steps }, describe(steps));
    } catch (error) {
      if (!(error instanceof SmokeFailure)) throw error;
      const { steps } = error;
      this.output.result({ baseUrl, passed: false, steps }, describe(steps), EXIT.failed);
    }
  }

  @Option({ flags: '--base-url <url>', description: 'of the service, as the world knows it', required: true })
  parseBaseUrl(text: string): string {
    const url = URL.parse(text);
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      throw new UsageError('--base-url must be an address such as https://www.example.fr, without a password in it.');
    }
    return url.href;
  }
}

function describe(steps: readonly SmokeStep[]): string {
  const lines = steps.map(
    ({ name, status, detail, ms }) => `  ${status.padEnd(7)} ${name.padEnd(18)} ${ms} ms  ${detail}`,
  );
  const passed = steps.every(({ status }) => status === 'passed');
  return [`The smoke journey ${passed ? 'PASSED' : 'FAILED'}`, ...lines].join('\n');
}
