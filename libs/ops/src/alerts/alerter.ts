import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { AppConfig, Clock, LOGGER, MailFiles, scrub } from '@tiptop/platform';
import type { Logger } from 'pino';
import { type AlertChannel, DeliveryFailure, within } from './alert-channel';
import { type AlertMessage, composeAlert, messageText } from './alert-message';
import { AlertPacing } from './alert-pacing';
import { AlertRepeats } from './alert-repeats';
import { type Alert, Alerts } from './alerts';
import { EmailChannel } from './email-channel';
import { type HiddenWords, hiddenWordsOf } from './hidden-words';
import { WebhookChannel } from './webhook-channel';

interface Way {
  channel: AlertChannel;
  repeats: AlertRepeats;
}

/**
 * Tells people by e-mail and by webhook, each tried on its own, so that one that is down takes nothing from the other. Needs
 * no database.
 */
@Injectable()
export class Alerter extends Alerts implements OnApplicationBootstrap {
  private readonly ways: readonly Way[];
  private readonly hidden: HiddenWords;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Optional() private readonly pacing: AlertPacing = new AlertPacing(),
  ) {
    super();
    this.hidden = hiddenWordsOf(config);
    this.ways = channelsOf(config, pacing).map((channel) => ({ channel, repeats: new AlertRepeats(clock) }));
  }

  /** A process that makes backups at night and can tell nobody how they went is told of now, while somebody looks. */
  onApplicationBootstrap(): void {
    const { ops, mail, isProduction } = this.config;
    if (!ops.scheduler) return;
    if (this.ways.length === 0) {
      this.logger.warn('Nobody will be told of failed backups: neither ALERT_EMAILS nor ALERT_WEBHOOK_URL is set');
    } else if (isProduction && ops.alertEmails.length > 0 && mail.smtpUrl === undefined) {
      this.logger.warn('Nobody will be told of failed backups by e-mail: SMTP_URL is not set');
    }
  }

  override async send(alert: Alert): Promise<readonly string[]> {
    try {
      if (this.ways.length === 0) {
        const message = this.compose(alert, 0);
        this.logger.warn(this.lineOf(message, true), 'An alert has no channel to go by');
        return [];
      }
      const told = await Promise.all(this.ways.map(async (way) => this.tell(way, alert)));
      const failed = this.ways.filter((_, place) => told[place] !== true).map(({ channel }) => channel.name);
      if (failed.length === this.ways.length) {
        // The log is the last one to hear it.
        this.logger.error(this.lineOf(this.compose(alert, 0), true), 'An alert has reached nobody');
      }
      return failed;
    } catch (error) {
      this.logger.error({ reason: this.reasonOf(error) }, 'An alert could not be put into words');
      return this.ways.map(({ channel }) => channel.name);
    }
  }

  /** @returns whether people know, from now or from within the hour */
  private async tell({ channel, repeats }: Way, alert: Alert): Promise<boolean> {
    const telling = await repeats.once(alert, async (times) => this.deliver(channel, this.compose(alert, times)));
    if (telling === 'quiet') {
      const subject = this.hidden.redact(alert.subject);
      this.logger.info({ channel: channel.name, subject }, 'An alert was told within the hour and is not repeated');
    }
    return telling !== 'failed';
  }

  private compose(alert: Alert, repeats: number): AlertMessage {
    return composeAlert(alert, { environment: this.config.ops.environment, at: this.clock.now(), repeats });
  }

  private async deliver(channel: AlertChannel, message: AlertMessage): Promise<boolean> {
    const { tries, pauseMs, wholeMs } = this.pacing;
    const begun = performance.now();
    for (let attempt = 1; ; attempt++) {
      const line = { channel: channel.name, ...this.lineOf(message), attempts: attempt };
      const pauseNow = pauseMs * 2 ** (attempt - 1);
      const left = wholeMs - (performance.now() - begun);
      try {
        const went = await this.tryOnce(channel, message, Math.min(channel.limitMs, left));
        if ('refused' in went)
          this.logger.warn({ ...line, ...went }, 'An alert was told to some of its recipients only');
        else this.logger.info({ ...line, ...went }, 'An alert was told');
        return true;
      } catch (error) {
        const failed = { ...line, reason: this.reasonOf(error) };
        const permanent = error instanceof DeliveryFailure && error.permanent;
        const time = wholeMs - (performance.now() - begun);
        if (permanent || attempt >= tries || time <= pauseNow) {
          this.logger.error(failed, 'An alert could not be told');
          return false;
        }
        this.logger.warn(failed, 'An alert could not be told yet; it is tried again');
      }
      await pause(pauseNow);
    }
  }

  private async tryOnce(
    channel: AlertChannel,
    message: AlertMessage,
    limitMs: number,
  ): Promise<Readonly<Record<string, string>>> {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      stop.abort(new DeliveryFailure(`there was no answer within ${(limitMs / 1000).toFixed(1)} s`));
    }, limitMs);
    try {
      return await within(stop.signal, channel.deliver(message, stop.signal));
    } finally {
      clearTimeout(timer);
    }
  }

  private lineOf(message: AlertMessage, whole = false): Record<string, string> {
    const { level, subject } = message;
    const line = { alertLevel: level, subject: this.hidden.redact(subject) };
    return whole ? { ...line, text: this.hidden.redact(messageText(message)) } : line;
  }

  private reasonOf(error: unknown): string {
    return scrub(this.hidden.redact(error instanceof Error ? error.message : String(error)));
  }
}

function channelsOf(config: AppConfig, pacing: AlertPacing): AlertChannel[] {
  const channels: AlertChannel[] = [];
  const { alertEmails: recipients, alertWebhookUrl } = config.ops;
  if (recipients.length > 0) {
    const files = config.isProduction ? undefined : new MailFiles(config);
    channels.push(new EmailChannel({ mail: config.mail, recipients, limitMs: pacing.emailMs, files }));
  }
  if (alertWebhookUrl !== undefined) channels.push(new WebhookChannel(alertWebhookUrl, pacing.webhookMs));
  return channels;
}
