import { DomainError } from '@tiptop/platform';

/** As many downloads are under way as the service bears beside its players. */
export class TooManyExports extends DomainError {
  readonly code = 'TOO_MANY_EXPORTS';
  override readonly retryAfterSeconds = 30;
  override readonly params = { seconds: 30 };
}

export type ExportErrorCode = TooManyExports['code'];
