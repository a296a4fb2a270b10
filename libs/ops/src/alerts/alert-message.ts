import { randomUUID } from 'node:crypto';
import { type Language, LANGUAGES, momentInWords } from '@tiptop/platform';
import { parseBackupId } from '../backups/backup-id';
import { LABELS, LEVELS, repeatsInWords, stepAdvice, stepTitle } from './alert-words';
import type { Alert } from './alerts';
import { oneLine, plainLines } from './plain-text';

const LONGEST_SUBJECT = 200;
const LONGEST_FACT = 2000;
const LONGEST_DETAIL = 20_000;

/** An alert in the words of its readers, before a channel gives it its form. Nothing in it is escaped for anything. */
export interface AlertMessage {
  /** The same at every try, so that a mailbox that gets it twice can tell. */
  id: string;
  /** When it was told first. */
  at: Date;
  level: Alert['level'];
  /** One line: environment, level, and what. */
  subject: string;
  /** What it asks for, a block in French and one in English, with what is known on lines of its own. */
  blocks: Readonly<Record<Language, readonly string[]>>;
  /** What the level asks for and what to do, without what is known. */
  calls: Readonly<Record<Language, readonly string[]>>;
  /** What is known, for a form of fields. */
  facts: readonly { title: string; value: string }[];
  /** What the sender has written; empty where it is the cause already. */
  detail: string;
  attachment: { name: string; html: string } | undefined;
}

export interface AlertContext {
  environment: string;
  at: Date;
  /** How often it happened since it was told last. */
  repeats: number;
}

/** Puts an alert into words that can be acted upon at three in the morning: French first, then English. */
export function composeAlert(alert: Alert, { environment, at, repeats }: AlertContext): AlertMessage {
  const { name } = LEVELS[alert.level];
  const facts = new Map(Object.entries(alert.facts ?? {}).map(([key, value]) => [key, oneLine(value, LONGEST_FACT)]));
  const told = new Map([['environment', environment], ...facts]);
  const detail = plainLines(alert.text, LONGEST_DETAIL);
  const words = (language: Language) => [...told].map((fact) => factInWords(fact, language));
  const calls = byLanguage((language) => callsOf(alert, language, repeats));
  return {
    id: randomUUID(),
    at,
    level: alert.level,
    subject: oneLine(`[${environment}] ${name.fr} / ${name.en}: ${alert.subject}`, LONGEST_SUBJECT),
    calls,
    blocks: byLanguage((language) => [
      ...calls[language].slice(0, 1),
      ...words(language).map(({ title, value }) => `${title}${COLON[language]} ${value}`),
      ...calls[language].slice(1),
    ]),
    facts: words('fr').map(({ title, value }, place) => {
      const english = words('en')[place];
      return { title: bothOf(title, english?.title), value: bothOf(value, english?.value) };
    }),
    detail: detail === facts.get('cause') ? '' : detail,
    attachment: alert.html === undefined ? undefined : { name: reportName(facts.get('backup')), html: alert.html },
  };
}

/** The whole of it as plain text, as a letter has it. */
export function messageText({ blocks, detail }: AlertMessage): string {
  const parts = LANGUAGES.map((language) => `${HEADINGS[language]}\n${blocks[language].join('\n')}`);
  if (detail !== '') parts.push(`DÉTAILS / DETAILS\n${detail}`);
  return `${parts.join('\n\n')}\n`;
}

const HEADINGS: Readonly<Record<Language, string>> = { fr: 'FRANÇAIS', en: 'ENGLISH' };
const COLON: Readonly<Record<Language, string>> = { fr: ' :', en: ':' };

function byLanguage<T>(make: (language: Language) => T): Record<Language, T> {
  return { fr: make('fr'), en: make('en') };
}

function callsOf({ level, facts }: Alert, language: Language, repeats: number): string[] {
  const calls = [LEVELS[level].meaning[language]];
  if (level !== 'success') {
    calls.push(`${LABELS.advice[language]}${COLON[language]} ${stepAdvice(facts?.['step'], language)}`);
  }
  if (repeats > 0) calls.push(repeatsInWords(repeats)[language]);
  return calls;
}

function factInWords([name, value]: [string, string], language: Language): { title: string; value: string } {
  const title = Object.hasOwn(LABELS, name) ? LABELS[name as keyof typeof LABELS][language] : oneLine(name, 100);
  if (name === 'step') return { title, value: stepTitle(value, language) };
  const instant = new Date(value);
  if (name === 'next' && !Number.isNaN(instant.getTime())) {
    return { title, value: `${momentInWords(instant, language, 'UTC')} UTC` };
  }
  return { title, value };
}

function bothOf(french: string, english = french): string {
  return french === english ? french : `${french} / ${english}`;
}

/** A name of a file is never made of a text from anywhere. */
function reportName(backup = ''): string {
  return parseBackupId(backup) ? `${backup}.report.html` : 'report.html';
}
