import { DomainError } from '@tiptop/platform';
import { StepFailure } from '../backups/backup-source';
import type { Operation } from './operation-lease.entity';

/** Who is at work, as far as it could be found out. */
export interface OperationHolder {
  operation: Operation | 'unknown';
  /** Host, process id and a number of its own. */
  owner: string;
  /** Undefined where it has not been written down yet. */
  since: Date | undefined;
}

/** For the moment in which a holder has its lock and has not written down who it is. */
export const SOMEBODY: OperationHolder = { operation: 'unknown', owner: 'unknown', since: undefined };

/** Something else is at work on this installation. */
export class OperationUnderWay extends DomainError implements OperationHolder {
  readonly code = 'OPERATION_UNDER_WAY';
  readonly operation: Operation | 'unknown';
  readonly owner: string;
  readonly since: Date | undefined;
  override readonly params: { operation: string; owner: string; since: string };

  constructor({ operation, owner, since }: OperationHolder) {
    super();
    this.operation = operation;
    this.owner = owner;
    this.since = since;
    this.params = { operation, owner, since: since?.toISOString() ?? 'unknown' };
    this.message = `${this.params.operation} is under way, by ${owner}, since ${this.params.since}`;
  }
}

/** Work was under the lease of an installation, and nothing keeps others out any more: it must stop. */
export class LeaseLost extends StepFailure {
  constructor(why: string, options?: ErrorOptions) {
    super(`The lease on this installation was lost: ${why}`, false, options);
    this.name = 'LeaseLost';
  }
}
