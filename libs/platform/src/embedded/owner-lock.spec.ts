import { ownerApplicationName, parseOwnerApplicationName } from './owner-lock';

describe('the name of an owner’s connection', () => {
  it('gives back the process that it was built for', () => {
    expect(parseOwnerApplicationName(ownerApplicationName(4711))).toBe(4711);
  });

  it('is not seen in any other name', () => {
    for (const name of ['', 'psql', 'tiptop-owner:', 'tiptop-owner:x', 'my tiptop-owner:1']) {
      expect(parseOwnerApplicationName(name)).toBeUndefined();
    }
  });
});
