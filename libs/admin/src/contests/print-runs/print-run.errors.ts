import { DomainError } from '@tiptop/platform';

/** The contest has no print run of this id. */
export class PrintRunNotFound extends DomainError {
  readonly code = 'PRINT_RUN_NOT_FOUND';
}

export type AdminPrintRunErrorCode = PrintRunNotFound['code'];
