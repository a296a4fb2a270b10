import { clashAmong, pathProblem } from './manifest-path';

describe('A path in an archive', () => {
  it.each([
    'db/tiptop.dump.gz',
    'config/etc/nginx/conf.d/a b.conf',
    'jenkins/jobs/déployer/config.xml',
    'config/dev-disk-by\\x2duuid.device',
    'config/-rf',
    'config/...',
    'config/.hidden',
    `config/${'n'.repeat(255)}`,
  ])('may be %s', (path) => {
    expect(pathProblem(path)).toBeUndefined();
  });

  it.each([
    ['/etc/passwd', /not relative/],
    ['', /not relative/],
    ['a//b', /not relative/],
    ['a/', /not relative/],
    ['..', /the name \.\./],
    ['../etc/passwd', /the name \.\./],
    ['a/../../b', /the name \.\./],
    ['./a', /the name \./],
    ['a/b\nc', /control character/],
    ['a\0b', /control character/],
    ['a\u009bb', /control character/],
    ['a/\uFFFD', /UTF-8/],
    ['a/\ud800', /UTF-8/],
    [`a/${'é'.repeat(128)}`, /longer than 255 bytes/],
    ['x/'.repeat(2001) + 'x', /longer than 4000 bytes/],
    ['manifest.json', /own files/],
    ['SHA256SUMS', /own files/],
  ])('may not be %j', (path, problem) => {
    expect(pathProblem(path)).toMatch(problem);
  });

  it('has its place to itself', () => {
    expect(clashAmong(['a/b', 'a/c', 'a.b', 'ab'])).toBeUndefined();
    expect(clashAmong(['a/b', 'c', 'a/b'])).toBe('a/b');
    expect(clashAmong(['a/b/c', 'a'])).toBe('a/b/c');
    expect(clashAmong(['a', 'a/b'])).toBe('a/b');
  });
});
