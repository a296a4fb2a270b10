import { SAMPLE_ID, sampleContents } from '../archive/spec-support/sample-backup';
import type { Manifest } from './manifest';
import { checkManifest, parseContents, parseManifest } from './manifest-parser';
import { contentsOf, contentsText, manifestText, sealManifest, sha256Of } from './manifest-text';

const KEY = `age1${'q'.repeat(58)}`;
const DUMP = { path: 'db/tiptop.dump.gz', bytes: 12, sha256: 'a'.repeat(64) };
const IMAGE = { path: 'images/backend.tar.gz', bytes: 0, sha256: 'c'.repeat(64) };
const CONTENTS = sampleContents([DUMP, IMAGE], [KEY], {
  images: [{ reference: 'backend:prod', id: `sha256:${'d'.repeat(64)}`, digests: [], archive: IMAGE.path }],
  warnings: ['« attention » ✓'],
  quarantined: null,
});
const MANIFEST = sealManifest(CONTENTS, { bytes: 4711, sha256: 'e'.repeat(64) });

/** A field of a document: `artifacts.0.path`. Dots within a name are written as :. */
type Place = string;

/** A manifest with one field changed, and its own hash made anew: what an honest writer with a fault would write. */
function changed(place: Place, value: unknown): string {
  const manifest = JSON.parse(manifestText(MANIFEST)) as Manifest;
  const names = place.split('.').map((name) => name.replaceAll(':', '.'));
  let parent = manifest as unknown as Record<string, unknown>;
  for (const name of names.slice(0, -1)) parent = parent[name] as Record<string, unknown>;
  parent[names.at(-1)!] = value;
  const { archive, ...contents } = manifest;
  return JSON.stringify({ ...contents, archive: { ...archive, manifestSha256: sha256Of(contentsText(contents)) } });
}

describe('A manifest', () => {
  it('is read as it was written, beside an archive and in it', () => {
    const manifest = parseManifest(manifestText(MANIFEST));
    expect(manifest).toEqual(MANIFEST);
    expect(manifestText(manifest)).toBe(manifestText(MANIFEST));
    expect(parseContents(contentsText(CONTENTS))).toEqual(CONTENTS);
    expect(contentsOf(manifest)).toEqual(CONTENTS);
    expect(MANIFEST.archive.manifestSha256).toBe(sha256Of(contentsText(CONTENTS)));
    expect(() => {
      checkManifest(CONTENTS);
    }).not.toThrow();
  });

  it('keeps what a later release of the same version adds', () => {
    expect(parseManifest(changed('retention', { until: 'ever' }))).toMatchObject({
      id: SAMPLE_ID,
      retention: { until: 'ever' },
    });
  });

  it.each<[string, Place, unknown, string]>([
    ['of a later version', 'version', 2, 'version is 2, and this release reads 1'],
    ['without a version', 'version', undefined, 'version is missing'],
    ['of no name', 'id', 'nightly', 'id is not a backup’s name'],
    ['of another kind', 'kind', 'weekly', 'kind is not daily, as its name says'],
    ['of no time', 'createdAt', '2026-02-31T25:00:00Z', 'createdAt is not a time in UTC'],
    ['of a local time', 'createdAt', '2026-11-22T02:00:00+01:00', 'createdAt is not a time in UTC'],
    ['of no environment', 'environment', '', 'environment is not a text'],
    ['of no service', 'service', null, 'service is not an object'],
    ['of a tool without version', 'tools.age', 1, 'tools.age is not a text'],
    ['without artifacts', 'artifacts', [], 'artifacts is not one artifact or more'],
    ['of artifacts that are no list', 'artifacts', {}, 'artifacts is not a list'],
    ['of a path that leads out', 'artifacts.1.path', '../x', 'artifacts[1].path holds the name ..: "../x"'],
    ['of a path twice', 'artifacts.1.path', DUMP.path, `hold the place of ${DUMP.path} twice`],
    ['of a wrong hash', 'artifacts.0.sha256', 'A'.repeat(64), 'artifacts[0].sha256 is not a SHA-256'],
    ['of a short hash', 'artifacts.0.sha256', 'a'.repeat(63), 'artifacts[0].sha256 is not a SHA-256'],
    ['of a negative size', 'artifacts.0.bytes', -1, 'artifacts[0].bytes is not a whole number'],
    ['of half a byte', 'artifacts.0.bytes', 0.5, 'artifacts[0].bytes is not a whole number'],
    ['of a size as text', 'artifacts.0.bytes', '12', 'artifacts[0].bytes is not a whole number'],
    ['of a dump that is not there', 'database.dump', 'db/x', 'database.dump is not the path of an artifact'],
    ['of an empty dump', 'database.dumpBytes', 0, 'database.dumpBytes is not a whole number, 1 or more'],
    ['of a dump without hash', 'database.dumpSha256', undefined, 'database.dumpSha256 is missing'],
    ['of minus one row', 'database.rows.public:users', -1, 'rows.public.users is not a whole number'],
    ['of an image not there', 'images.0.archive', 'x', 'images[0].archive is not the path of an artifact'],
    ['of an image of no id', 'images.0.id', 'sha256:1', 'images[0].id is not sha256:'],
    ['for nobody', 'recipients', [], 'recipients is not one key or more'],
    ['for a private key', 'recipients', ['AGE-SECRET-KEY-1'], 'recipients[0] is not a public key'],
    ['of warnings that are no texts', 'warnings', [1], 'warnings[0] is not a text'],
    ['of parts switched off that are no texts', 'disabled', [null], 'disabled[0] is not a text'],
    ['of no archive', 'archive.sha256', '', 'archive.sha256 is not a SHA-256'],
    ['of an empty archive', 'archive.bytes', 0, 'archive.bytes is not a whole number, 1 or more'],
  ])('%s is refused by name', (_, place, value, message) => {
    expect(() => parseManifest(changed(place, value))).toThrow(message);
  });

  it('that is none at all is refused', () => {
    for (const text of ['', '[]', 'null', '1', '{', manifestText(MANIFEST).slice(0, -3)]) {
      expect(() => parseManifest(text)).toThrow(/^The manifest/);
    }
    expect(() => parseManifest(contentsText(CONTENTS))).toThrow('archive is missing');
  });

  it('does not take an inherited field for one of its own', () => {
    expect(() => parseManifest('{"__proto__": {"version": 1}}')).toThrow('version is missing');
  });

  it('with one byte changed anywhere is not taken for the one that was written', () => {
    const text = manifestText(MANIFEST);
    const archive = text.indexOf('"archive": {\n    "bytes"');
    expect(archive).toBeGreaterThan(0);
    const bytes = Buffer.from(text);
    const passed: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (at % 7);
      try {
        const manifest = parseManifest(flipped.toString());
        if (JSON.stringify(manifest) !== JSON.stringify(MANIFEST)) passed.push(at);
      } catch {
        // Refused, as it should be.
      }
    }
    // The archive's own size and SHA-256 are held against the archive; all the rest is found here.
    for (const at of passed) expect(at).toBeGreaterThan(archive);
    expect(passed.length).toBeGreaterThan(0);
  });
});
