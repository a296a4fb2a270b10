import fc from 'fast-check';
import { preferredLanguage } from './language';

describe('preferredLanguage', () => {
  it.each<[string | undefined, 'fr' | 'en']>([
    [undefined, 'fr'],
    ['', 'fr'],
    ['*', 'fr'],
    ['fr', 'fr'],
    ['en', 'en'],
    ['EN', 'en'],
    ['en-US', 'en'],
    ['en-GB-oed', 'en'],
    ['fr-CA,en', 'fr'],
    ['en,fr', 'en'],
    ['de,nl', 'fr'],
    ['de, en;q=0.2', 'en'],
    ['fr;q=0.8,en;q=0.9', 'en'],
    ['fr;q=0.9,en;q=0.8', 'fr'],
    ['en;q=0.5,fr;q=0.5', 'en'],
    ['en;q=0', 'fr'],
    ['en;q=0.0,fr;q=0.1', 'fr'],
    ['en ; q=0.9 , fr ; q=0.3', 'en'],
    ['en;level=1;q=0.1, fr;q=0.2', 'fr'],
    ['english', 'fr'],
    ['en;q=abc', 'en'],
    [',,,;;;===', 'fr'],
  ])('%j → %s', (header, language) => {
    expect(preferredLanguage(header)).toBe(language);
  });

  it('answers one of the two, whatever the header', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(['fr', 'en']).toContain(preferredLanguage(header));
      }),
    );
  });
});
