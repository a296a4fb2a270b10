import type { FastifyReply, FastifyRequest } from 'fastify';
import { toSessionResponse } from '../../sign-in/dto/session.response';
import type { AttemptCookie } from './attempt-cookies';
import type { Outcome } from './redirect-sign-in.service';

/** Sends a browser on, or answers its session. */
export async function answer(reply: FastifyReply, outcome: Outcome): Promise<void> {
  if ('url' in outcome) await reply.redirect(outcome.url, 302);
  else await reply.status(200).send(toSessionResponse(outcome.signedIn.user, outcome.signedIn.pair));
}

export function setCookies(reply: FastifyReply, cookies: readonly AttemptCookie[]): void {
  for (const { name, value, options } of cookies) void reply.setCookie(name, value, options);
}

/** Whether the answer is shown to a person as it is, and not read by a program. */
export function isForPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true;
}
