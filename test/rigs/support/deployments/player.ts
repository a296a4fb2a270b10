import { randomUUID } from 'node:crypto';
import { request as begin } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

const ANSWER_MS = 30_000;

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** Asks the service through nginx, each time on a connection of its own, and believes one certificate alone. */
export class World {
  constructor(
    readonly url: URL,
    private readonly certificate: string,
  ) {}

  async ask(
    method: string,
    path: string,
    options: { body?: unknown; token?: string; headers?: object } = {},
  ): Promise<Answer> {
    const { body, token, headers } = options;
    return new Promise((settle, fail) => {
      const request = begin(
        new URL(path, this.url),
        {
          method,
          agent: false,
          ca: this.certificate,
          timeout: ANSWER_MS,
          headers: {
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('error', fail).on('end', () => {
            const isJson = response.headers['content-type']?.includes('json') === true;
            const parsed = isJson && text !== '' ? (JSON.parse(text) as Answer['body']) : { text };
            settle({ status: response.statusCode ?? 0, body: parsed });
          });
        },
      );
      request.on('error', fail).on('timeout', () => {
        request.destroy(new Error(`no answer in ${ANSWER_MS / 1000} s`));
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** What a customer saw who played one ticket after another. */
export interface Played {
  /** Codes that were answered with a prize. */
  won: string[];
  /** What was answered or happened in the place of a prize. */
  failed: string[];
}

/** A customer who plays without a pause for as long as they are let. */
export class Player {
  private readonly seen: Played = { won: [], failed: [] };
  private readonly playing: Promise<void>;
  private isOver = false;

  /** @param pauseMs between two plays: nginx allows ten a second and address */
  constructor(
    private readonly world: World,
    private readonly token: string,
    private readonly codes: string[],
    private readonly pauseMs = 200,
  ) {
    this.playing = this.play();
  }

  /** @returns what was seen, once the play under way is over */
  async stop(): Promise<Played> {
    this.isOver = true;
    await this.playing;
    return this.seen;
  }

  private async play(): Promise<void> {
    while (!this.isOver) {
      const code = this.codes.shift();
      if (code === undefined) throw new Error('The player has run out of codes');
      try {
        const headers = { 'idempotency-key': randomUUID() };
        const { status, body } = await this.world.ask('POST', '/v1/tickets/play', {
          body: { code },
          token: this.token,
          headers,
        });
        if (status === 200) this.seen.won.push(code);
        else this.seen.failed.push(`${status} ${JSON.stringify(body)}`);
      } catch (error) {
        this.seen.failed.push(String(error));
      }
      await pause(this.pauseMs);
    }
  }
}
