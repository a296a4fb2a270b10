import { createHash } from 'node:crypto';
import type { CookieSerializeOptions } from '@fastify/cookie';
import { Injectable } from '@nestjs/common';
import { AppConfig, Clock, derivedKey } from '@tiptop/platform';
import type { FastifyRequest } from 'fastify';
import { jwtVerify, SignJWT } from 'jose';
import type { Provider } from '../provider';
import type { Attempt } from './attempt';
import { callbackUrl } from './callback-url';

const ALGORITHM = 'HS256';
const PREFIX = 'tiptop_sign_in_';
/** Of tabs in which one browser may sign in at once; a request's headers have room for no more than a few. */
const KEPT = 4;
/** Removed by one answer: proxies don't bear endless headers, and the next answer goes on. */
const REMOVED = 8;
/** As nameFor() makes them. Of what a neighbouring host may have set under another name nothing is repeated in a header. */
const NAME = new RegExp(`^${PREFIX}[\\w-]{16}$`);

/** A cookie to be set, or, where its life is 0, to be removed. */
export interface AttemptCookie {
  name: string;
  value: string;
  options: CookieSerializeOptions;
}

/** By name, as a request brings them. */
export type HeldCookies = Readonly<Record<string, string | undefined>>;

export function heldCookies({ server, headers }: FastifyRequest): HeldCookies {
  return server.parseCookie(headers.cookie ?? '');
}

/**
 * What a browser needs to hold of a sign-in under way, in a signed cookie that only the callback is sent. Each attempt
 * has a cookie of its own, so that two tabs don't disturb each other.
 */
@Injectable()
export class AttemptCookies {
  private readonly key: Buffer;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.key = derivedKey(config.accountSecret, 'oauth state');
  }

  /** @returns the attempt's cookie, and the removal of those of attempts that were given up */
  async keep(provider: Provider, attempt: Attempt, held: HeldCookies): Promise<AttemptCookie[]> {
    const { expiresAt, ...claims } = attempt;
    const token = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: ALGORITHM })
      .setAudience(provider)
      .setExpirationTime(expiresAt)
      .sign(this.key);
    const maxAge = Math.ceil((expiresAt.getTime() - this.clock.now().getTime()) / 1000);
    const surplus = await this.surplus(provider, held);
    return [
      { name: nameFor(attempt.state), value: token, options: { ...this.scope(provider), maxAge } },
      ...surplus.map((name) => this.removal(provider, name)),
    ];
  }

  /** The attempt that a state belongs to. @returns undefined where this browser did not begin it, or too long ago */
  async find(provider: Provider, state: string, held: HeldCookies): Promise<Attempt | undefined> {
    const token = held[nameFor(state)];
    const attempt = token === undefined ? undefined : await this.open(provider, token);
    return attempt?.state === state ? attempt : undefined;
  }

  /** @returns the removal of the attempt's cookie */
  forget(provider: Provider, { state }: Attempt): AttemptCookie {
    return this.removal(provider, nameFor(state));
  }

  private removal(provider: Provider, name: string): AttemptCookie {
    return { name, value: '', options: { ...this.scope(provider), maxAge: 0 } };
  }

  private scope(provider: Provider): CookieSerializeOptions {
    const { protocol, pathname } = callbackUrl(this.config, provider);
    const path = pathname.replace(/\/callback$/, '');
    // Lax: the way back from the provider begins on another site.
    return { httpOnly: true, sameSite: 'lax', secure: protocol === 'https:', path };
  }

  private async open(provider: Provider, token: string): Promise<Attempt | undefined> {
    try {
      const { payload } = await jwtVerify<Omit<Attempt, 'expiresAt'>>(token, this.key, {
        algorithms: [ALGORITHM],
        audience: provider,
        currentDate: this.clock.now(),
        requiredClaims: ['exp', 'state'],
      });
      const { state, nonce, codeVerifier, returnUrl, challenge, exp = 0 } = payload;
      return { state, nonce, codeVerifier, returnUrl, challenge, expiresAt: new Date(exp * 1000) };
    } catch {
      return undefined;
    }
  }

  /** Names of the cookies that make room: those no longer good, and the oldest beyond a few. */
  private async surplus(provider: Provider, held: HeldCookies): Promise<string[]> {
    const names = Object.keys(held).filter((name) => NAME.test(name));
    const ages = await Promise.all(
      names.map(async (name) => {
        const attempt = await this.open(provider, held[name] ?? '');
        return { name, until: attempt?.expiresAt.getTime() ?? 0 };
      }),
    );
    return ages
      .sort((a, b) => b.until - a.until)
      .filter(({ until }, place) => until === 0 || place >= KEPT - 1)
      .slice(-REMOVED)
      .map(({ name }) => name);
  }
}

function nameFor(state: string): string {
  return PREFIX + createHash('sha256').update(state).digest('base64url').slice(0, 16);
}
