import { StepFailure } from '../backups/backup-source';

/**
 * `wrong-key`: none of the identities opens it. `cut-off`: its end is missing. `damaged`: a byte is not what it was.
 * `unsound`: it opens, and what it holds is not what it says. `manifest`: the manifest beside it is at fault.
 */
export type ArchiveFaultKind = 'wrong-key' | 'cut-off' | 'damaged' | 'unsound' | 'manifest';

/** An archive is not the backup it should be. Looking again will not make it better. */
export class ArchiveFault extends StepFailure {
  constructor(
    readonly kind: ArchiveFaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, false, options);
    this.name = 'ArchiveFault';
  }
}
