import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of one request carries. */
export interface RequestContext {
  requestId: string;
}

/** The request being served where the caller stands, or undefined outside of one. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
