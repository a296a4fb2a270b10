import fc from 'fast-check';
import { requestIdOf } from './request-log';

const NEW_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

describe('requestIdOf', () => {
  it('keeps what is fit for a log', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{8,64}$/), (id) => {
        expect(requestIdOf({ 'x-request-id': id })).toBe(id);
      }),
    );
  });

  it.each([undefined, '', '1234567', 'x'.repeat(65), 'two words', 'line\nbreak', '"quoted"', ['abcdefgh', 'ijklmnop']])(
    'makes a new one instead of %j',
    (given) => {
      const [first, second] = [requestIdOf({ 'x-request-id': given }), requestIdOf({ 'x-request-id': given })];
      expect(first).toMatch(NEW_ID);
      expect(second).not.toBe(first);
    },
  );
});
