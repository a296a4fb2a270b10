import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of a request wherever it is served. */
export interface RequestContext {
  /** Stands in each of its log lines. */
  requestId: string;
  /** The client's IP address; for the audit log, and never in a log line. */
  address?: string;
}

/** The request being served where the caller stands, or undefined outside of one. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
