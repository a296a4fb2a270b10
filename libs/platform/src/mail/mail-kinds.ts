import { Injectable } from '@nestjs/common';
import type { Language } from '../language/language';

/** Texts of one kind of letter in one language, as Handlebars templates; values are escaped. */
export interface MailText {
  /** Plain text. */
  subject: string;
  /** HTML of the letter's body, paragraphs and links only; the plain text is made from it. */
  body: string;
}

/** A letter ready to be rendered. */
export interface ComposedMail {
  to: { name: string; address: string };
  language: Language;
  texts: Readonly<Record<Language, MailText>>;
  variables: Readonly<Record<string, string>>;
}

/** What a letter is composed from: a row of the queue. */
export interface MailOrder {
  /** Of the queue's row, the same at every try. */
  id: string;
  kind: string;
  userId: string;
  data: Readonly<Record<string, string | null>>;
  /** When it was caused. */
  createdAt: Date;
}

/** Composes a letter when it is about to leave, from what is true then. @returns undefined where it has become pointless */
export type ComposeMail = (order: MailOrder) => Promise<ComposedMail | undefined>;

/** Which kinds of letters there are. Each module registers its own. */
@Injectable()
export class MailKinds {
  private readonly composers = new Map<string, ComposeMail>();

  register(kind: string, compose: ComposeMail): void {
    if (this.composers.has(kind)) throw new Error(`Two modules write letters of the kind ${kind}`);
    this.composers.set(kind, compose);
  }

  find(kind: string): ComposeMail | undefined {
    return this.composers.get(kind);
  }
}
