import type { DeploySwitch } from '@tiptop/platform';
import type { Underway } from '../deployment-watch';

/** A release that answers, and may still be taken back. */
export interface Switched {
  /** How it came there: `recreate` as well where two containers do not fit. */
  manner: DeploySwitch;
  /** For a person: what was done. */
  detail: string;
  /** What is not as it should be. */
  warnings: readonly string[];

  /**
   * It has proved itself: what the way back needed is removed. Does not fail: the release answers, and what was left undone
   * is done by the next {@link RollOut.settle}.
   * @returns what was left undone
   */
  accept(u: Underway): Promise<string[]>;

  /**
   * Back to the release before; whoever has put other files in the folder puts the old ones back first. May be called again
   * after a failure. When it returns the old release answers.
   * @throws StepFailure, and where there was no release before
   */
  revert(u: Underway): Promise<void>;
}
