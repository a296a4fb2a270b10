import fc from 'fast-check';
import { lengthOf, wrapped } from './wrapped-text';

describe('wrapped', () => {
  it.each<[string, number, string[]]>([
    ['', 10, []],
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 20, ['one two three']],
    ['a longerword b', 6, ['a', 'longer', 'word b']],
    ['abcdefgh', 3, ['abc', 'def', 'gh']],
    ['ab\ncd', 10, ['ab', 'cd']],
    ['é😀é😀é', 3, ['é😀é', '😀é']],
  ])('%j at %i', (text, width, lines) => {
    expect(wrapped(text, width)).toEqual(lines);
  });

  it('counts the indent in the width', () => {
    expect(wrapped('one two', 6, '   ')).toEqual(['   one', '   two']);
  });

  it('loses nothing, breaks no line too late and leaves no space at an end, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, width) => {
        const lines = wrapped(text, width);
        expect(lines.join('').replace(/[ \n]/g, '')).toBe(text.replace(/[ \n]/g, ''));
        expect(lines.filter((line) => lengthOf(line) > width || line.startsWith(' ') || line.endsWith(' '))).toEqual(
          [],
        );
      }),
    );
  });
});
