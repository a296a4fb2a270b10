import { type AppConfigValues, createLogger, MovableClock, type OpsConfig } from '@tiptop/platform';
import { AlertPacing } from '../../libs/ops/src/alerts/alert-pacing';
import { Alerter } from '../../libs/ops/src/alerts/alerter';
import type { Alert } from '../../libs/ops/src/alerts/alerts';
import { TEST_MAIL } from './mail-folder';
import { opsConfig } from './ops-config';

export const FAILURE: Alert = {
  level: 'failure',
  subject: 'The nightly backup has failed',
  text: 'upload-s3: it keeps half of what was sent',
  facts: { backup: 'daily-20261122T020000Z', step: 'upload-s3', cause: 'it keeps half of what was sent' },
};

/** Long enough for a machine that is busy, and short enough to be waited for. */
export const SHORT_PACING = { pauseMs: 20, emailMs: 1500, webhookMs: 500, wholeMs: 6000 } as const;

/** An alerter with a log that can be read and a clock that can be moved. */
export interface AlertBench {
  alerter: Alerter;
  clock: MovableClock;
  /** Lines of the log, parsed. */
  lines: () => Record<string, unknown>[];
  /** All of the log. */
  log: () => string;
}

export function alertBench(
  ops: Partial<OpsConfig>,
  { pacing = {}, ...changes }: Partial<AppConfigValues> & { pacing?: Partial<AlertPacing> } = {},
): AlertBench {
  const written: string[] = [];
  const clock = new MovableClock();
  clock.moveTo(new Date('2026-11-22T02:07:12Z'));
  const config = opsConfig({ environment: 'prod', ...ops }).with({ mail: TEST_MAIL, ...changes });
  const logger = createLogger('debug', { write: (line) => void written.push(line) });
  const alerter = new Alerter(config, clock, logger, new AlertPacing({ ...SHORT_PACING, ...pacing }));
  return {
    alerter,
    clock,
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    log: () => written.join(''),
  };
}
