import { Injectable } from '@nestjs/common';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { WeakPassword } from './password.errors';

export const PASSWORD_MIN_LENGTH = 10;
/** Bounds the estimator's work; Argon2 itself would take more. */
export const PASSWORD_MAX_LENGTH = 128;
/** Of 0 to 4: at least 10^8 guesses. */
const REQUIRED_SCORE = 3;

/** Judges a new password by how many guesses it would stand, not by the kinds of characters in it. */
@Injectable()
export class PasswordPolicy {
  private estimator: Promise<ZxcvbnFactory> | undefined;

  /**
   * @param known what an attacker knows of the person: names, e-mail
   * @throws WeakPassword
   */
  async assertStrong(password: string, known: readonly string[]): Promise<void> {
    if (password.length < PASSWORD_MIN_LENGTH) {
      throw new WeakPassword([{ path: 'password', message: 'password.tooShort' }]);
    }
    const parts = known.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]).filter((part) => part.length > 2);
    this.estimator ??= loadEstimator();
    const { score } = (await this.estimator).check(password, [...parts, 'tiptop', 'thetiptop', 'the tip top']);
    if (score < REQUIRED_SCORE) throw new WeakPassword([{ path: 'password', message: 'password.guessable' }]);
  }
}

/** The dictionaries take 70 MB and a fifth of a second: only a process that judges passwords pays for them. */
async function loadEstimator(): Promise<ZxcvbnFactory> {
  const [core, common, english, french] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
    import('@zxcvbn-ts/language-fr'),
  ]);
  return new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary, ...french.dictionary },
    graphs: common.adjacencyGraphs,
  });
}
