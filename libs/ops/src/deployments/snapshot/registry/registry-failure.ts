import { StepFailure } from '../../../backups/backup-source';

/** A registry did not do what it was asked; the message says which and why, for a person. */
export class RegistryFailure extends StepFailure {
  constructor(message: string, mayPass: boolean, options?: ErrorOptions) {
    super(message, mayPass, options);
    this.name = 'RegistryFailure';
  }
}
