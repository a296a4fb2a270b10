import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { listenOnLoopback, stopServer } from './loopback-server';

/** What a receiver was sent. */
export interface WebhookPost {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Milliseconds since the receiver was opened. */
  at: number;
}

/** A status, or no answer at all, or a connection that is cut, or an answer that never ends. */
export type WebhookAnswer = number | 'hang' | 'drop' | 'drip' | { status: number; location?: string; text?: string };

/** Decides about a post. @param attempt which it is, from 1 */
export type WebhookHook = (attempt: number, post: WebhookPost) => WebhookAnswer;

/** A receiver of webhooks on loopback that keeps what it gets, and fails as it is told to. */
export class WebhookReceiver {
  readonly posts: WebhookPost[] = [];
  private answer: WebhookHook = () => 200;
  private readonly opened = performance.now();

  private constructor(
    private readonly server: () => Server,
    /** Its address, with a path that is a secret. */
    readonly url: string,
  ) {}

  static async open(path = '/services/T0001/B0002/s3cr3tOfTheHook'): Promise<WebhookReceiver> {
    const receivers: WebhookReceiver[] = [];
    const { server, url } = await listenOnLoopback(async (request, response) => receivers[0]?.take(request, response));
    const receiver = new WebhookReceiver(() => server, url + path);
    receivers.push(receiver);
    return receiver;
  }

  /** From now on this decides; without a hook everything is taken. */
  respond(hook: WebhookHook = () => 200): void {
    this.answer = hook;
  }

  async close(): Promise<void> {
    await stopServer(this.server());
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString('utf8');
    const { method = '', url: path = '', headers } = request;
    const post = { method, path, headers, body, at: performance.now() - this.opened };
    const answer = this.answer(this.posts.push(post), post);
    if (answer === 'hang') return;
    if (answer === 'drop') {
      response.destroy();
      return;
    }
    if (answer === 'drip') {
      response.writeHead(500).write('a little');
      return;
    }
    const { status, location, text = 'ok' } = typeof answer === 'number' ? { status: answer } : answer;
    response.writeHead(status, location === undefined ? {} : { location }).end(text);
  }
}
