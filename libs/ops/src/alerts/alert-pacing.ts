/** How often and how long a channel is tried. A test has shorter ones. */
export class AlertPacing {
  /** Of one alert by one channel. */
  tries = 3;
  /** First pause between two tries, in milliseconds; it doubles. */
  pauseMs = 2000;
  /** How long a mail server may take for a letter. */
  emailMs = 15_000;
  /** How long a webhook may take to answer. */
  webhookMs = 10_000;
  /** All tries and pauses of a channel together: whoever sends an alert waits no longer. */
  wholeMs = 60_000;

  constructor(changes: Partial<AlertPacing> = {}) {
    Object.assign(this, changes);
  }
}
