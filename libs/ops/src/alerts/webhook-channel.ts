import { localWords } from '../stores/network-words';
import { type AlertChannel, DeliveryFailure } from './alert-channel';
import type { AlertMessage } from './alert-message';
import { base64, decoded } from './hidden-words';
import { oneLine } from './plain-text';
import { slackPayload } from './slack-payload';

/** What a refusal has to say for itself stands at its beginning. */
const READ_BYTES = 300;
/** Refusals that may pass: the others are about what was sent, and stay. */
const PASSING: readonly number[] = [408, 425, 429];

/** Posts to an address that takes Slack's JSON. The address is a secret: no failure names it. */
export class WebhookChannel implements AlertChannel {
  readonly name = 'webhook';
  private readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(
    address: string,
    readonly limitMs: number,
  ) {
    const url = new URL(address);
    const { username, password } = url;
    // fetch takes no address with a password in it, and repeats it in saying so.
    url.username = url.password = '';
    this.url = url.href;
    this.headers = {
      'content-type': 'application/json',
      ...((username !== '' || password !== '') && { authorization: basic(username, password) }),
    };
  }

  async deliver(message: AlertMessage, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const response = await this.post(JSON.stringify(slackPayload(message)), signal);
    if (response.ok) {
      await response.body?.cancel();
      return { status: String(response.status) };
    }
    const { status } = response;
    if (status >= 300 && status < 400) {
      await response.body?.cancel();
      throw new DeliveryFailure(`it answers ${status}, a redirect, and redirects are not followed`, true);
    }
    const said = await beginningOf(response);
    const permanent = status < 500 && !PASSING.includes(status);
    throw new DeliveryFailure(`it answers ${status}${said === '' ? '' : `: ${said}`}`, permanent);
  }

  private async post(body: string, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(this.url, { method: 'POST', redirect: 'manual', headers: this.headers, body, signal });
    } catch (error) {
      if (error instanceof DeliveryFailure) throw error;
      throw new DeliveryFailure(wordsOf(error as Error));
    }
  }
}

/** fetch says only that it has failed; why stands in the cause. */
function wordsOf({ cause, message }: Error): string {
  if (!Error.isError(cause)) return message;
  const { code = cause.name } = cause as NodeJS.ErrnoException;
  return localWords(cause)?.message ?? `${cause.message} (${code})`;
}

/** Whatever comes after it is not waited for. */
async function beginningOf({ body }: Response): Promise<string> {
  if (!body) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= READ_BYTES) break;
  }
  return oneLine(Buffer.concat(chunks).subarray(0, READ_BYTES).toString('utf8'));
}

function basic(username: string, password: string): string {
  return `Basic ${base64(`${decoded(username)}:${decoded(password)}`)}`;
}
