import type { Language } from './language';

const LOCALES: Readonly<Record<Language, string>> = { fr: 'fr-FR', en: 'en-GB' };

/** Day and time of day as a person reads them: "lundi 23 novembre 2026 à 14:05". */
export function momentInWords(instant: Date, language: Language, timeZone: string): string {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'full', timeStyle: 'short', timeZone }).format(
    instant,
  );
}

/** A day as a person reads it: "lundi 23 novembre 2026". */
export function dayInWords(instant: Date, language: Language, timeZone: string): string {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'full', timeZone }).format(instant);
}

/** An amount of money as a person reads it: "39,00 €". */
export function moneyInWords(cents: number, currency: string, language: Language): string {
  return new Intl.NumberFormat(LOCALES[language], { style: 'currency', currency }).format(cents / 100);
}
