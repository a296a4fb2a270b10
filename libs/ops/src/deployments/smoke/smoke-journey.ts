import { Injectable } from '@nestjs/common';
import type { Underway } from '../deployment-watch';
import { ServiceClient, UnexpectedAnswer } from './service-client';
import { assertIs, momentIn, objectIn, textIn, ticketIn } from './smoke-answers';
import { SmokeFailure, type SmokeStep } from './smoke-failure';
import type { SmokeCast } from './smoke-stage';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const OK = { status: 200 };

export interface SmokeReport {
  steps: SmokeStep[];
}

export interface SmokeRequest {
  /** Of the service, as the world knows it. */
  baseUrl: string;
  cast: SmokeCast;
}

interface SignedIn {
  id: string;
  accessToken: string;
  refreshToken: string;
}

/**
 * A person wins a prize and fetches it, against a service that runs: what customers do all day, from end to end. Each
 * request has 10 s.
 */
@Injectable()
export class SmokeJourney {
  /** @throws SmokeFailure naming the step; the signal's reason */
  async run({ baseUrl, cast }: SmokeRequest, { signal, progress }: Underway): Promise<SmokeReport> {
    const steps: SmokeStep[] = [];
    const take: Take = async (name, work) => {
      progress(name);
      const begin = performance.now();
      const end = (status: SmokeStep['status'], detail: string): void => {
        steps.push({ name, status, detail, ms: Math.round(performance.now() - begin) });
      };
      try {
        signal.throwIfAborted();
        const { value, detail } = await work();
        end('passed', detail);
        return value;
      } catch (error) {
        if (!(error instanceof UnexpectedAnswer)) throw error;
        end('failed', error.message);
        throw new SmokeFailure(steps, error.httpStatus, error.problem);
      }
    };
    const client = await take('address', () =>
      Promise.resolve({ value: clientOf(baseUrl), detail: 'as it has to be' }),
    );
    await new Travellers(client, cast, signal).travel(take);
    return { steps };
  }
}

type Take = <T>(name: string, work: () => Promise<{ value: T; detail: string }>) => Promise<T>;

/** A password goes over TLS, or does not leave the machine. */
function clientOf(baseUrl: string): ServiceClient {
  const url = URL.parse(baseUrl);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    return new ServiceClient(url);
  }
  throw new UnexpectedAnswer('the service’s address must begin with https://');
}

/** The customer and the employee on their way. */
class Travellers {
  constructor(
    private readonly client: ServiceClient,
    private readonly cast: SmokeCast,
    private readonly signal: AbortSignal,
  ) {}

  async travel(take: Take): Promise<void> {
    const { customer: asCustomer, employee: asEmployee } = this.cast;
    await take('health', () => this.health());
    const customer = await take('login-customer', () => this.login(asCustomer, 'customer'));
    const prizeId = await take('play', () => this.play(customer));
    await take('my-tickets', () => this.mine(customer, prizeId, 'pending'));
    const employee = await take('login-employee', () => this.login(asEmployee, 'employee'));
    await take('find-ticket', () => this.find(employee, prizeId));
    await take('claim', () => this.claim(employee, prizeId));
    await take('claimed', () => this.claimed(employee));
    await take('my-claimed-ticket', () => this.mine(customer, prizeId, 'claimed'));
    await take('play-again', () => this.playAgain(customer));
    await take('logout', () => this.logout([customer, employee]));
  }

  /** An old backup makes it degraded: nobody is kept from playing by that, and no new version to blame. */
  private async health(): Promise<Outcome> {
    const answer = await this.client.ask({ method: 'GET', path: '/health' }, OK, this.signal);
    const status = textIn(answer, 'status');
    if (status !== 'degraded') assertIs('status', status, 'ok');
    return done(`status ${status}`);
  }

  private async login(credentials: { email: string; password: string }, role: string): Promise<Outcome<SignedIn>> {
    const answer = await this.post('/v1/auth/login', { body: credentials });
    assertIs('user.role', objectIn(answer, 'user')['role'], role);
    const value = {
      id: textIn(answer, 'user', 'id'),
      accessToken: textIn(answer, 'accessToken'),
      refreshToken: textIn(answer, 'refreshToken'),
    };
    return { value, detail: 'signed in' };
  }

  /** @returns the prize's id */
  private async play({ accessToken }: SignedIn): Promise<Outcome<string>> {
    const answer = await this.post('/v1/tickets/play', { body: { code: this.cast.code }, accessToken });
    assertIs('ticket.status', objectIn(answer, 'ticket')['status'], 'pending');
    this.assertTicket(answer);
    momentIn(answer, 'ticket', 'playedAt');
    textIn(answer, 'prize', 'name');
    return { value: textIn(answer, 'prize', 'id'), detail: 'won a prize' };
  }

  private async mine({ accessToken }: SignedIn, prizeId: string, status: string): Promise<Outcome> {
    const answer = await this.get('/v1/users/me/tickets?limit=20', accessToken);
    const ticket = ticketIn(answer, this.cast.code, 'the customer’s list');
    assertIs('status', ticket['status'], status);
    assertIs('prize.id', objectIn(ticket, 'prize')['id'], prizeId);
    return done(`the ticket is ${status}`);
  }

  /** By its code, as in a shop; it is in the list of those that wait as well. */
  private async find({ accessToken }: SignedIn, prizeId: string): Promise<Outcome> {
    const answer = await this.get(`/v1/claims/${this.cast.code}`, accessToken);
    this.assertTicket(answer);
    assertIs('ticket.status', objectIn(answer, 'ticket')['status'], 'pending');
    assertIs('prize.id', objectIn(answer, 'prize')['id'], prizeId);
    const list = await this.get(`/v1/claims?status=pending&search=${this.cast.code}`, accessToken);
    ticketIn(list, this.cast.code, 'the list of those that wait');
    return done('found, and it waits');
  }

  private async claim({ accessToken }: SignedIn, prizeId: string): Promise<Outcome> {
    const path = `/v1/claims/${this.cast.code}/validate`;
    const answer = await this.post(path, { body: { identityChecked: true }, accessToken });
    assertIs('ticket.status', objectIn(answer, 'ticket')['status'], 'claimed');
    assertIs('prize.id', objectIn(answer, 'prize')['id'], prizeId);
    return done('handed over');
  }

  /** Read anew: what was answered is written down as well. */
  private async claimed({ accessToken, id }: SignedIn): Promise<Outcome> {
    const answer = await this.get(`/v1/claims/${this.cast.code}`, accessToken);
    assertIs('ticket.status', objectIn(answer, 'ticket')['status'], 'claimed');
    const at = momentIn(answer, 'ticket', 'claimedAt');
    assertIs('ticket.claimedBy.id', objectIn(answer, 'ticket', 'claimedBy')['id'], id);
    return done(`handed over at ${new Date(at).toISOString()} by the employee`);
  }

  private async playAgain({ accessToken }: SignedIn): Promise<Outcome> {
    const problem = 'TICKET_ALREADY_PLAYED';
    const request = { method: 'POST', path: '/v1/tickets/play', body: { code: this.cast.code }, accessToken } as const;
    await this.client.ask(request, { status: 409, problem }, this.signal);
    return done(`refused: ${problem}`);
  }

  private async logout(people: readonly SignedIn[]): Promise<Outcome> {
    for (const { accessToken, refreshToken } of people) {
      const request = { method: 'POST', path: '/v1/auth/logout', body: { refreshToken } } as const;
      await this.client.ask(request, { status: 204 }, this.signal);
      const again = { method: 'GET', path: '/v1/users/me', accessToken } as const;
      await this.client.ask(again, { status: 401, problem: 'UNAUTHENTICATED' }, this.signal);
    }
    return done('signed out, both');
  }

  private assertTicket(answer: unknown): void {
    if (objectIn(answer, 'ticket')['code'] !== this.cast.code) throw new UnexpectedAnswer('it is another ticket');
  }

  private async get(path: string, accessToken: string): Promise<unknown> {
    return this.client.ask({ method: 'GET', path, accessToken }, OK, this.signal);
  }

  private async post(path: string, request: { body: object; accessToken?: string }): Promise<unknown> {
    return this.client.ask({ method: 'POST', path, ...request }, OK, this.signal);
  }
}

interface Outcome<T = undefined> {
  value: T;
  detail: string;
}

function done(detail: string): Outcome {
  return { value: undefined, detail };
}
