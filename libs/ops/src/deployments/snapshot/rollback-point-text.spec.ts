import { ManifestError } from '../../backups/manifest-fields';
import { parseRollbackPoint, rollbackPointText } from './rollback-point-text';
import { samplePoint, sampleRelease } from './spec-support/samples';

const POINT = samplePoint(3, sampleRelease('a'), { warnings: ['somebody has to look'] });

/** @param path of the field, and what stands there instead; nothing where undefined */
function changed(path: string, value: unknown): string {
  const document = structuredClone(POINT) as unknown as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop()!;
  let object = document;
  for (const name of names) object = object[name] as Record<string, unknown>;
  object[last] = value;
  return JSON.stringify(document);
}

describe('A rollback point', () => {
  it('comes back as it was written', () => {
    expect(parseRollbackPoint(rollbackPointText(POINT))).toEqual(POINT);
    const alone = { ...POINT, release: { ...POINT.release, frontend: null } };
    expect(parseRollbackPoint(rollbackPointText(alone))).toEqual(alone);
  });

  it.each([
    ['version', 2],
    ['version', undefined],
    ['tag', 'prod-latest'],
    ['at', 'yesterday'],
    ['environment', ''],
    ['deployment', undefined],
    ['release', undefined],
    ['release.backend', null],
    ['release.backend.repository', ''],
    ['release.backend.digest', 'sha256:abc'],
    ['release.backend.id', undefined],
    ['release.backend.version', undefined],
    ['release.backend.revision', 3],
    ['release.frontend', undefined],
    ['release.frontend.digest', undefined],
    ['database', null],
    ['database.backup', 'backup-20261103-020000'],
    ['database.sha256', 'a'],
    ['database.migration', undefined],
    ['database.serverVersion', 15],
    ['sumsSha256', undefined],
    ['warnings', 'none'],
  ])('is none where its %s is %j', (path, value) => {
    expect(() => parseRollbackPoint(changed(path, value))).toThrow(ManifestError);
  });

  it('is none where it was cut off', () => {
    expect(() => parseRollbackPoint(rollbackPointText(POINT).slice(0, -5))).toThrow(/damaged or cut off/);
    expect(() => parseRollbackPoint('null')).toThrow(ManifestError);
  });
});
