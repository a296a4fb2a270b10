import { parseBackupId } from './backup-id';
import { type InnerManifest, type Manifest, MANIFEST_VERSION } from './manifest';
import { Field, ManifestError } from './manifest-fields';
import { clashAmong, pathProblem } from './manifest-path';
import { contentsOf, contentsText, sha256Of } from './manifest-text';

/** Of a manifest; some hundred thousand artifacts. What is longer is none, and not read into memory. */
export const LONGEST_MANIFEST = 64 * 1024 * 1024;

const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;
const IMAGE_ID = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads the manifest that stands beside an archive, and checks all of it, its own SHA-256 included. What a later release
 * of the same version has added is kept.
 * @throws ManifestError
 */
export function parseManifest(text: string): Manifest {
  const document = parseJson(text);
  checkContents(document);
  const archive = document.get('archive');
  archive.get('bytes').count(1);
  archive.get('sha256').sha256();
  const stated = archive.get('manifestSha256').sha256();
  const manifest = JSON.parse(text) as Manifest;
  if (sha256Of(contentsText(contentsOf(manifest))) !== stated) {
    throw new ManifestError('', 'was changed since it was written: its SHA-256 is not archive.manifestSha256');
  }
  return manifest;
}

/**
 * Reads the manifest.json of an archive.
 * @throws ManifestError
 */
export function parseContents(text: string): InnerManifest {
  checkContents(parseJson(text));
  return JSON.parse(text) as InnerManifest;
}

/**
 * What can't be read back is not written.
 * @throws ManifestError
 */
export function checkManifest(contents: InnerManifest): void {
  checkContents(parseJson(contentsText(contents)));
}

function parseJson(text: string): Field {
  if (text.length > LONGEST_MANIFEST) throw new ManifestError('', `is longer than ${LONGEST_MANIFEST} characters`);
  try {
    return new Field(JSON.parse(text));
  } catch (error) {
    throw new ManifestError('', 'is no JSON document: it is damaged or cut off', { cause: error });
  }
}

function checkContents(document: Field): void {
  checkVersion(document.get('version'));
  checkIdentity(document);
  const service = document.get('service');
  service.get('version').text();
  service.get('revision').textOrNull();
  document.get('tools').each((tool) => tool.text());
  const paths = checkArtifacts(document.get('artifacts'));
  checkDatabase(document.get('database'), paths);
  document.get('images').list((image) => {
    image.get('reference').text();
    image.get('id').text(IMAGE_ID, 'sha256: and 64 hexadecimal digits');
    image.get('digests').list((digest) => digest.text());
    checkIsArtifact(image.get('archive'), paths);
  });
  const recipients = document.get('recipients');
  if (recipients.list((key) => key.text(RECIPIENT, 'a public key, age1…')).length === 0)
    recipients.fail('one key or more');
  document.get('disabled').list((part) => part.text());
  document.get('warnings').list((warning) => warning.text());
  document.get('quarantined').textOrNull();
}

function checkVersion(field: Field): void {
  const version = field.count(1);
  if (version === MANIFEST_VERSION) return;
  throw new ManifestError('version', `is ${version}, and this release reads ${MANIFEST_VERSION}`);
}

function checkIdentity(document: Field): void {
  const id = document.get('id');
  const backup = parseBackupId(id.text()) ?? id.fail('a backup’s name');
  const kind = document.get('kind');
  if (kind.text() !== backup.kind) kind.fail(`${backup.kind}, as its name says`);
  document.get('environment').text();
  document.get('createdAt').instant();
}

function checkArtifacts(field: Field): ReadonlySet<string> {
  const paths = field.list((artifact) => {
    const path = artifact.get('path');
    const problem = pathProblem(path.text());
    if (problem !== undefined)
      throw new ManifestError(path.at, `${problem}: ${JSON.stringify(path.text()).slice(0, 200)}`);
    artifact.get('bytes').count();
    artifact.get('sha256').sha256();
    return path.text();
  });
  if (paths.length === 0) field.fail('one artifact or more');
  const clash = clashAmong(paths);
  if (clash !== undefined) throw new ManifestError('artifacts', `hold the place of ${clash} twice`);
  return new Set(paths);
}

function checkDatabase(database: Field, paths: ReadonlySet<string>): void {
  for (const name of ['name', 'serverVersion', 'pgDumpVersion']) database.get(name).text();
  database.get('migration').textOrNull();
  database.get('rows').each((rows) => rows.count());
  checkIsArtifact(database.get('dump'), paths);
  database.get('dumpSha256').sha256();
  database.get('dumpBytes').count(1);
}

function checkIsArtifact(field: Field, paths: ReadonlySet<string>): void {
  if (!paths.has(field.text())) field.fail('the path of an artifact');
}
