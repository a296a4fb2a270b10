import { DomainError, type FieldProblem } from '@tiptop/platform';

/** Tickets can't be added any more: the contest has begun with the deck it has. */
export class PrintRunClosed extends DomainError {
  readonly code = 'PRINT_RUN_CLOSED';
}

/** Tickets of this contest are being made at this moment: nothing else is done to it meanwhile. */
export class PrintRunUnderWay extends DomainError {
  readonly code = 'PRINT_RUN_UNDER_WAY';
}

/** Lines of an imported file are not usable; nothing was imported. */
export class ImportRefused extends DomainError {
  readonly code = 'IMPORT_REFUSED';
  override readonly params: { lines: number };

  /**
   * @param fields the first lines at fault: `line 17` and why
   * @param lines how many there are in all
   */
  constructor(
    override readonly fields: readonly FieldProblem[],
    lines: number,
  ) {
    super();
    this.params = { lines };
  }
}

export type PrintRunErrorCode = (PrintRunClosed | PrintRunUnderWay | ImportRefused)['code'];
