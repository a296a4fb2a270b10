import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { DomainError } from '@tiptop/platform';
import type { ProviderProfile } from '../provider-profile';
import type { Attempt } from './attempt';

/** A browser that comes back from a provider: with proof of who sits before it, or with the reason why not. */
export type Arrival =
  | { attempt: Attempt; profile: ProviderProfile }
  // Without an attempt, this browser did not begin any that is still good.
  | { attempt: Attempt | undefined; fault: DomainError };

/** Where the guard leaves the arrival for the handler. */
export interface ArrivingRequest {
  arrival?: Arrival;
}

/** What the guard of the callback found. */
export const Arrived = createParamDecorator((_: unknown, context: ExecutionContext): Arrival => {
  const { arrival } = context.switchToHttp().getRequest<ArrivingRequest>();
  if (!arrival) throw new Error('Arrived() is for handlers behind an ArrivalGuard');
  return arrival;
});
