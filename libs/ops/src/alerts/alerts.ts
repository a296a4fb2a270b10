/** Something that whoever operates the service has to know. */
export interface Alert {
  /** `failure`: somebody must act; `warning`: soon; `success`: the nightly good news. */
  level: 'failure' | 'warning' | 'success';
  /** One line. */
  subject: string;
  /** Which step, and why; plain text, never a secret. */
  text: string;
  /** An attachment for e-mail: the report. */
  html?: string;
  /**
   * For the webhook's fields and for grouping. Known by name, and told in words of their own: `backup` (an id), `step`
   * (`upload-s3`), `cause`, `next` (when the calendar asks for the next run: ISO 8601). Others are told as they are.
   */
  facts?: Readonly<Record<string, string>>;
}

/** Tells people by every channel that there is; see Alerter. */
export abstract class Alerts {
  /** Never rejects: what could not be told stands in the result and in the log. @returns channels that failed */
  abstract send(alert: Alert): Promise<readonly string[]>;
}
