import { formatSums, parseSums } from './sha256-sums';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

describe('SHA256SUMS', () => {
  it('is read as it was written', () => {
    const sums = [
      { path: 'db/tiptop.dump.gz', sha256: A },
      { path: 'jenkins/jobs/déployer la préprod/config.xml', sha256: B },
      { path: 'jenkins/a\\b\\\\c', sha256: A },
      { path: '*star', sha256: A },
    ];
    expect(formatSums(sums.slice(0, 1))).toBe(`${A}  db/tiptop.dump.gz\n`);
    // As coreutils want it: the line begins with a backslash, and each in the name is doubled.
    expect(formatSums(sums.slice(2, 3))).toBe(`\\${A}  jenkins/a\\\\b\\\\\\\\c\n`);
    expect(parseSums(formatSums(sums))).toEqual(new Map(sums.map(({ path, sha256 }) => [path, sha256])));
  });

  it.each([
    ['', 'nothing'],
    [`${A}  x`, 'a line without an end'],
    [`${A} x\n`, 'one blank'],
    [`${A.slice(1)}  x\n`, 'a short sum'],
    [`${A.toUpperCase()}  x\n`, 'capitals'],
    [`${A}  \n`, 'no name'],
    [`${A}  x\n\n`, 'an empty line'],
    [`${A}  x\n${B}  x\n`, 'a file twice'],
  ])('is not %j: %s', (text) => {
    expect(parseSums(text)).toBeUndefined();
  });
});
