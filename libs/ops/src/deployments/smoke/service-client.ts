import { localWords } from '../../stores/network-words';

const ANSWER_MS = 10_000;
/** An answer of this service is some kilobytes. */
const MOST_BYTES = 1_048_576;
const PROBLEM_CODE = /^[A-Z][A-Z0-9_]{2,63}$/;
const JSON_TYPE = /^application\/(problem\+)?json\b/;

/** What was not as it has to be, in words that hold nothing of what was sent. */
export class UnexpectedAnswer extends Error {
  constructor(
    message: string,
    readonly httpStatus?: number,
    readonly problem?: string,
  ) {
    super(message);
    this.name = 'UnexpectedAnswer';
  }
}

export interface ServiceRequest {
  method: 'GET' | 'POST';
  /** From the root. */
  path: string;
  body?: object;
  accessToken?: string;
}

/** Talks to a running service as a client does, by its public address. */
export class ServiceClient {
  constructor(
    private readonly baseUrl: URL,
    private readonly answerMs = ANSWER_MS,
  ) {}

  /**
   * @param expected the status, and for a problem its code
   * @returns the answer's JSON; undefined where it is empty
   * @throws UnexpectedAnswer; the signal's reason
   */
  async ask(
    { method, path, body, accessToken }: ServiceRequest,
    expected: { status: number; problem?: string },
    signal: AbortSignal,
  ): Promise<unknown> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.answerMs)]);
    try {
      const response = await fetch(new URL(path, this.baseUrl), {
        method,
        headers: {
          accept: 'application/json',
          'accept-language': 'en',
          'user-agent': 'tiptop-smoke',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        // Followed, it would carry a password to wherever it leads.
        redirect: 'manual',
        signal: limited,
      });
      return checked(response, await textOf(response), expected);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof UnexpectedAnswer ? error : new UnexpectedAnswer(this.wordsOf(error as Error));
    }
  }

  private wordsOf({ name, cause }: Error): string {
    if (name === 'TimeoutError') return `no answer in ${this.answerMs / 1000} s`;
    // fetch says only that it has failed; why stands in the cause.
    const reason = cause as NodeJS.ErrnoException | undefined;
    return localWords(reason)?.message ?? `the connection failed: ${reason?.code ?? name}`;
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new UnexpectedAnswer('the answer does not end', response.status);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function checked(response: Response, text: string, expected: { status: number; problem?: string }): unknown {
  const { status } = response;
  const value = JSON_TYPE.test(response.headers.get('content-type') ?? '') ? parsed(text) : undefined;
  const problem = problemOf(value);
  if (status !== expected.status || problem !== expected.problem) {
    const wanted = [expected.status, ...(expected.problem === undefined ? [] : [expected.problem])].join(' ');
    const got = [status, ...(problem === undefined ? [] : [problem])].join(' ');
    throw new UnexpectedAnswer(`answered ${got}, not ${wanted}`, status, problem);
  }
  if (text !== '' && value === undefined) throw new UnexpectedAnswer(`answered ${status}, and no JSON`, status);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Told to people: nothing that is not the form of a code. */
function problemOf(value: unknown): string | undefined {
  const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : undefined;
  return typeof code === 'string' && PROBLEM_CODE.test(code) ? code : undefined;
}
