import { randomUUID } from 'node:crypto';
import { isSmokeId, smokeId, smokeNumber } from './smoke-ids';

describe('Ids of smoke journeys', () => {
  it('tell which number they were made of', () => {
    for (const number of [1, 2, 255, 4096, 2 ** 47]) expect(smokeNumber(smokeId(number))).toBe(number);
    expect(smokeId(17)).toBe('00000000-0000-8000-8000-000000000011');
  });

  it('are told from all others, in either case', () => {
    expect(isSmokeId(smokeId(1))).toBe(true);
    expect(isSmokeId('00000000-0000-8000-8000-FFFFFFFFFFFF')).toBe(true);
    for (const id of ['00000000-0000-8000-8001-000000000000', '00000000-0000-4000-8000-000000000001', '']) {
      expect(isSmokeId(id)).toBe(false);
    }
    for (let i = 0; i < 100; i++) expect(isSmokeId(randomUUID())).toBe(false);
  });
});
