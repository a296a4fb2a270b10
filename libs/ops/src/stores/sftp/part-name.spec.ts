import { formatPartName, isPartName } from './part-name';

describe('The name of a file on its way', () => {
  it('is known again', () => {
    for (const name of ['daily-20261122T020000Z.tar.age', 'pre-deploy-20261122T020000Z.manifest.json']) {
      expect(isPartName(formatPartName(name, '0123abcd'))).toBe(true);
    }
  });

  it.each([
    'daily-20261122T020000Z.tar.age',
    '.daily-20261122T020000Z.tar.age.part',
    '.daily-20261122T020000Z.tar.age.0123abcd.part.old',
    '.notes.txt.0123abcd.part',
    'daily-20261122T020000Z.tar.age.0123abcd.part',
    '.daily-20269922T020000Z.tar.age.0123abcd.part',
  ])('is not %s', (name) => {
    expect(isPartName(name)).toBe(false);
  });
});
