import { dayInWords, momentInWords, moneyInWords } from './in-words';

const INSTANT = new Date('2026-11-22T23:05:00Z');

// Formatting puts narrow and no-break spaces where a typist puts spaces.
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('In a person’s words', () => {
  it('a moment is told in their language and the contest’s time', () => {
    expect(plain(momentInWords(INSTANT, 'fr', 'Europe/Paris'))).toBe('lundi 23 novembre 2026 à 00:05');
    expect(plain(momentInWords(INSTANT, 'en', 'Europe/Paris'))).toMatch(/^Monday,? 23 November 2026 at 00:05$/);
    expect(plain(momentInWords(INSTANT, 'fr', 'UTC'))).toBe('dimanche 22 novembre 2026 à 23:05');
  });

  it('a day is told without its time', () => {
    expect(dayInWords(INSTANT, 'fr', 'Europe/Paris')).toBe('lundi 23 novembre 2026');
  });

  it('an amount has its currency where the language puts it', () => {
    expect(plain(moneyInWords(3900, 'EUR', 'fr'))).toBe('39,00 €');
    expect(plain(moneyInWords(3900, 'EUR', 'en'))).toBe('€39.00');
  });
});
