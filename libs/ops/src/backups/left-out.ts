import type { BackupKind } from './backup-id';
import type { BackupSource } from './backup-source';

/** Of what a backup before a deployment is made: what the deployment may change, and nothing else keeps. */
const BEFORE_DEPLOYMENTS: readonly string[] = ['database', 'configuration'];
const NOT_BEFORE_DEPLOYMENTS =
  'A pre-deploy backup is of the database and the configuration: the registry keeps the images by their backup-* tags, ' +
  'and a deployment does not touch Jenkins';

/** Why a source has no part in a backup of that kind; undefined where it has. */
export function whyLeftOut(
  { name, disabled }: Pick<BackupSource, 'name' | 'disabled'>,
  kind: BackupKind,
): string | undefined {
  if (disabled !== undefined) return disabled;
  return kind === 'pre-deploy' && !BEFORE_DEPLOYMENTS.includes(name) ? NOT_BEFORE_DEPLOYMENTS : undefined;
}
