import { Injectable } from '@nestjs/common';
import { foldForSearch } from '../users/search-text';
import { type Judgement, loadJudgement } from './judgement';
import { WeakPassword } from './password.errors';

export const PASSWORD_MIN_LENGTH = 10;
export const PASSWORD_MAX_LENGTH = 128;
/** How much of a password is judged: unbounded, one could hold the process for seconds. */
const JUDGED_LENGTH = 64;
/** Of 0 to 4: at least 10^8 guesses. */
const REQUIRED_SCORE = 3;

/** What people add to a leaked password to call it a new one: at most so many digits and signs behind it. */
const TRIMMINGS = /[^\p{L}]{1,4}$/u;

/** Judges a new password by whether it leaked and how many guesses it would stand, not by its kinds of characters. */
@Injectable()
export class PasswordPolicy {
  private judgement: Promise<Judgement> | undefined;

  /**
   * @param known what an attacker knows of the person: names, e-mail
   * @throws WeakPassword
   */
  async assertStrong(password: string, known: readonly string[]): Promise<void> {
    if (password.length < PASSWORD_MIN_LENGTH) {
      throw new WeakPassword([{ path: 'password', message: 'password.tooShort' }]);
    }
    if (password.length > PASSWORD_MAX_LENGTH) throw new WeakPassword([{ path: 'password', message: 'maxLength' }]);
    const parts = known.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]).filter((part) => part.length > 2);
    const tooEasy = [...parts, 'the tip top', 'thetiptop', 'tiptop'];
    this.judgement ??= loadJudgement();
    const { estimator, leaked } = await this.judgement;
    const folded = foldForSearch(password);
    if (leaked.has(folded) || leaked.has(folded.replace(TRIMMINGS, ''))) {
      throw new WeakPassword([{ path: 'password', message: 'password.breached' }]);
    }
    const isGuessable = (text: string): boolean =>
      estimator.check(text.slice(0, JUDGED_LENGTH), tooEasy).score < REQUIRED_SCORE;
    // What remains beside such a part has to stand alone: the estimator thinks too well of "Camille.Martin.1990".
    const rest = without(password, tooEasy);
    if (isGuessable(password) || (rest.length < password.length && isGuessable(rest))) {
      throw new WeakPassword([{ path: 'password', message: 'password.guessable' }]);
    }
  }
}

/** The text without some parts of it, in whatever case and accents, the longest first. */
function without(text: string, parts: readonly string[]): string {
  return [...parts]
    .sort((a, b) => b.length - a.length)
    .reduce((rest, part) => rest.replaceAll(foldForSearch(part), ''), foldForSearch(text));
}
