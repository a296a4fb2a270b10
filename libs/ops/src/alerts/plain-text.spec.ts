import { oneLine, plainLines } from './plain-text';

describe('Plain text', () => {
  it('is on one line, without what moves the cursor or turns the line', () => {
    expect(oneLine(' a\r\nb\tc\u001b[31md\u202ee\u2028f ')).toBe('a b c [31md e f');
  });

  it('keeps its lines where it may have several', () => {
    expect(plainLines('a \r\n  b\u0007\nc\n\n')).toBe('a\n  b\nc');
  });

  it('is cut between characters, not in them', () => {
    expect(oneLine('abcdef', 6)).toBe('abcdef');
    expect(oneLine('abcdefg', 6)).toBe('abcde…');
    expect(oneLine('abcd😀fg', 6)).toBe('abcd…');
  });
});
