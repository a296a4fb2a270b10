import fc from 'fast-check';
import { imageFileNames } from './image-file-names';

const names = (...references: string[]) => [...imageFileNames(references).values()];

describe('The file of an image', () => {
  it('is called after it', () => {
    expect(names('backend:prod-latest', 'ghcr.io/tip/front:1.2')).toEqual([
      'backend_prod-latest.tar.gz',
      'ghcr.io_tip_front_1.2.tar.gz',
    ]);
  });

  it('has a name of its own where references come out alike', () => {
    const [one, two, three] = names('a/b:c', 'a_b:c', 'A_b_C');
    expect(new Set([one, two, three]).size).toBe(3);
    expect(one).toMatch(/^a_b_c\+[0-9a-f]{12}\.tar\.gz$/);
    // Whatever else is saved beside it, as long as that is alike.
    expect(names('x', 'a_b:c', 'a/b:c')[2]).toBe(one);
  });

  it('is short enough, and safe, and its own for any references', () => {
    const reference = fc.stringMatching(/^[a-z0-9][\w./:@-]{0,400}$/);
    fc.assert(
      fc.property(fc.uniqueArray(reference, { maxLength: 8 }), (references) => {
        const files = names(...references);
        expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(references.length);
        for (const file of files) expect(file).toMatch(/^[\w.+-]{1,250}$/);
      }),
    );
  });
});
