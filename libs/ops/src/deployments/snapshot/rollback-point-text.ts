import { parseBackupId } from '../../backups/backup-id';
import { Field, ManifestError } from '../../backups/manifest-fields';
import { parseSnapshotTag } from './snapshot-tag';
import { type RollbackPoint, ROLLBACK_POINT_VERSION } from './rollback-point';

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const IN_WORDS = 'sha256: and 64 hexadecimal digits';

export function rollbackPointText(point: RollbackPoint): string {
  return `${JSON.stringify(point, null, 2)}\n`;
}

/**
 * Reads a rollback point, and checks all of it. What a later release of the same version has added is kept.
 * @throws ManifestError
 */
export function parseRollbackPoint(text: string): RollbackPoint {
  const document = parseJson(text);
  const version = document.get('version').count(1);
  if (version !== ROLLBACK_POINT_VERSION) {
    throw new ManifestError('version', `is ${version}, and this release reads ${ROLLBACK_POINT_VERSION}`);
  }
  const tag = document.get('tag');
  if (!parseSnapshotTag(tag.text())) tag.fail('a snapshot’s name');
  document.get('at').instant();
  document.get('environment').text();
  document.get('deployment').text();
  checkImage(document.get('release').get('backend'));
  const { release } = JSON.parse(text) as RollbackPoint;
  if (release.frontend !== null) checkImage(document.get('release').get('frontend'));
  checkDatabase(document.get('database'));
  document.get('sumsSha256').sha256();
  document.get('warnings').list((warning) => warning.text());
  return JSON.parse(text) as RollbackPoint;
}

function checkImage(image: Field): void {
  image.get('repository').text();
  image.get('digest').text(DIGEST, IN_WORDS);
  image.get('id').text(DIGEST, IN_WORDS);
  image.get('version').textOrNull();
  image.get('revision').textOrNull();
}

function checkDatabase(database: Field): void {
  const backup = database.get('backup');
  if (!parseBackupId(backup.text())) backup.fail('a backup’s name');
  database.get('sha256').sha256();
  database.get('migration').textOrNull();
  database.get('serverVersion').text();
}

function parseJson(text: string): Field {
  try {
    return new Field(JSON.parse(text));
  } catch (error) {
    throw new ManifestError('', 'is no JSON document: it is damaged or cut off', { cause: error });
  }
}
