import type { AlertMessage } from './alert-message';

/** A way by which people are told. */
export interface AlertChannel {
  /** For a person: `e-mail`, `webhook`. */
  readonly name: string;
  /** How long one try may take, in milliseconds. */
  readonly limitMs: number;
  /**
   * Tries once to tell.
   * @returns what the log should say of how it went
   * @throws DeliveryFailure, or anything else: it is tried again
   */
  deliver(message: AlertMessage, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

/** Why people could not be told. */
export class DeliveryFailure extends Error {
  /** @param permanent whether another try would be in vain */
  constructor(
    message: string,
    readonly permanent = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DeliveryFailure';
  }
}

/** Settles as the work does, or rejects with the signal's reason: whatever the work does with the signal. */
export async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}
