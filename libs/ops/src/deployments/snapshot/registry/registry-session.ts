import { type Challenge, parseChallenge } from './challenge';
import { DockerLogins, type Login } from './docker-logins';
import { RegistryFailure } from './registry-failure';
import { type RegistryAnswer, type RegistryRequest, sendRequest } from './registry-request';
import { RegistryTrust, type Trust } from './registry-trust';
import type { RepositoryName } from './repository-name';

/** A registry answers soon: it looks at names, not at layers. */
export const LIMIT_MS = 20_000;

/** Questions to one repository: finds the way to its registry once, and shows what that wants to see. */
export class RegistrySession {
  private trusted: Trust | undefined;
  private base: string | undefined;
  private authorization: string | undefined;

  constructor(
    private readonly name: RepositoryName,
    private readonly trust: RegistryTrust,
    private readonly logins: DockerLogins,
    private readonly signal: AbortSignal,
    private readonly limitMs = LIMIT_MS,
  ) {}

  get host(): string {
    return this.name.host;
  }

  /**
   * @param path below `/v2/<repository>/`
   * @throws RegistryFailure where it can't be asked; a refusal is an answer, but for the lack of a right
   */
  async ask(
    method: RegistryRequest['method'],
    path: string,
    headers: Record<string, string> = {},
  ): Promise<RegistryAnswer> {
    const target = `/v2/${this.name.path}/${path}`;
    let answer = await this.request(method, target, headers);
    if (answer.status === 401) {
      this.authorization = await this.authorize(answer);
      answer = await this.request(method, target, headers);
    }
    if (answer.status === 401 || answer.status === 403) {
      throw this.failure(`does not let this login do that (${answer.status})`, false);
    }
    if (answer.status === 429 || answer.status >= 500) throw this.failure(`answers ${answer.status}`, true);
    return answer;
  }

  private async request(
    method: RegistryRequest['method'],
    target: string,
    headers: Record<string, string>,
  ): Promise<RegistryAnswer> {
    const trust = (this.trusted ??= await this.trust.of(this.host, this.signal));
    const authorization = this.authorization;
    const all = { ...headers, ...(authorization !== undefined && { authorization }) };
    let fault: unknown;
    for (const base of this.bases(trust)) {
      try {
        const answer = await this.send({ method, url: new URL(target, base), headers: all }, trust);
        this.base = base;
        return answer;
      } catch (error) {
        this.signal.throwIfAborted();
        fault = error;
        if (isTimeout(error)) break;
      }
    }
    throw this.failure(`can’t be reached: ${wordsOf(fault, this.limitMs)}`, true, fault);
  }

  private bases({ insecure }: Trust): string[] {
    if (this.base !== undefined) return [this.base];
    return [`https://${this.host}`, ...(insecure ? [`http://${this.host}`] : [])];
  }

  private async authorize({ headers }: RegistryAnswer): Promise<string> {
    const challenge = parseChallenge(headers['www-authenticate']);
    if (!challenge) throw this.failure('wants a login of a kind that is not known here', false);
    const { login, unusable } = await this.logins.find([this.name.host]);
    if (challenge.scheme === 'bearer') return this.tokenOf(challenge, login, unusable);
    if (!login) throw this.failure(`wants a login: ${unusable ?? 'there is none, see docker login'}`, false);
    return basic(login);
  }

  private async tokenOf(
    { realm, service, scope }: Challenge & { scheme: 'bearer' },
    login: Login | undefined,
    unusable: string | undefined,
  ): Promise<string> {
    const url = new URL(realm);
    const trust = await this.trust.of(url.host, this.signal);
    if (url.protocol !== 'https:' && !trust.insecure)
      throw this.failure(`sends its logins to ${url.host} without TLS`, false);
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', scope ?? `repository:${this.name.path}:pull,delete`);
    let answer: RegistryAnswer;
    try {
      answer = await this.send({ method: 'GET', url, headers: login ? { authorization: basic(login) } : {} }, trust);
    } catch (error) {
      this.signal.throwIfAborted();
      throw this.failure(
        `sends its logins to ${url.host}, which can’t be reached: ${wordsOf(error, this.limitMs)}`,
        true,
        error,
      );
    }
    const token = answer.status === 200 ? tokenIn(answer.body) : undefined;
    if (token !== undefined) return `Bearer ${token}`;
    const why = unusable === undefined ? '' : `; ${unusable}`;
    throw this.failure(
      `sends its logins to ${url.host}, which gives no token (${answer.status})${why}`,
      answer.status >= 500,
    );
  }

  private async send(request: RegistryRequest, trust: Trust): Promise<RegistryAnswer> {
    return sendRequest(request, trust, AbortSignal.any([this.signal, AbortSignal.timeout(this.limitMs)]));
  }

  private failure(what: string, mayPass: boolean, cause?: unknown): RegistryFailure {
    return new RegistryFailure(`The registry ${this.host} ${what}`, mayPass, { cause });
  }
}

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function tokenIn(body: string): string | undefined {
  try {
    const { token, access_token: other } = Object(JSON.parse(body)) as { token?: unknown; access_token?: unknown };
    return [token, other].find((one): one is string => typeof one === 'string' && one !== '');
  } catch {
    return undefined;
  }
}

/** Node's own word for an aborted request says nothing of the time. */
function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ABORT_ERR';
}

function wordsOf(error: unknown, limitMs: number): string {
  if (isTimeout(error)) return `no answer in ${limitMs / 1000} s`;
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
