import { dumpPath } from './dump-file';

describe('A dump’s path', () => {
  it('is the database’s name where that is a plain one', () => {
    expect(dumpPath('tiptop')).toBe('db/tiptop.dump.gz');
    expect(dumpPath('tip-top_2')).toBe('db/tip-top_2.dump.gz');
  });

  it.each(['../../etc/passwd', 'a/b', '..', '.hidden', 'thé', 'with space', 'a\0b', ''])(
    'is a plain one for %j, and its own',
    (database) => {
      const path = dumpPath(database);
      if (database !== '') expect(path).toMatch(/^db\/[\w-]+-[0-9a-f]{8}\.dump\.gz$/);
      const others = ['../../etc/passwe', 'a_b', 'a b', '.a', 'th_', 'with_space', 'tiptop'];
      expect(others.map(dumpPath)).not.toContain(path);
    },
  );
});
