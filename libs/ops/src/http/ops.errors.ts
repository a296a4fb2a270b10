import { DomainError } from '@tiptop/platform';
import type { OperationUnderWay } from '../schedule/operation.errors';

/** This installation has no backup, and no try at one, of this name. */
export class BackupNotFound extends DomainError {
  readonly code = 'BACKUP_NOT_FOUND';
}

/** There is no deployment of this id on record. */
export class DeploymentNotFound extends DomainError {
  readonly code = 'DEPLOYMENT_NOT_FOUND';
}

export type OpsErrorCode = (BackupNotFound | DeploymentNotFound | OperationUnderWay)['code'];
