/** An answer, its body parsed where it is JSON. */
export interface ApiResponse<T = unknown> {
  status: number;
  body: T;
  headers: Headers;
}

export interface RequestOptions {
  body?: unknown;
  token?: string | undefined;
  headers?: Record<string, string>;
}

/** A client of the service, as a phone or a browser would be: it knows the address and nothing else. */
export class ApiClient {
  constructor(readonly url: string) {}

  async request<T = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse<T>> {
    const { body, token, headers = {} } = options;
    const response = await fetch(this.url + path, {
      method,
      // Where an answer sends a browser is part of what it says.
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, body: (json ? JSON.parse(text) : text) as T, headers: response.headers };
  }

  async get<T = unknown>(path: string, token?: string, headers?: Record<string, string>): Promise<ApiResponse<T>> {
    return this.request('GET', path, { token, ...(headers ? { headers } : {}) });
  }

  async post<T = unknown>(
    path: string,
    body: unknown,
    token?: string,
    headers?: Record<string, string>,
  ): Promise<ApiResponse<T>> {
    return this.request('POST', path, { body, token, ...(headers ? { headers } : {}) });
  }
}
