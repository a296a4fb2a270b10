/** Who plays in a smoke journey, and with what. */
export interface SmokeCast {
  customer: { email: string; password: string };
  employee: { email: string; password: string };
  /** A ticket's code that nobody has played, of the smoke contest. */
  code: string;
}

/** Sets the stage of smoke journeys, apart from every contest that counts; the game does it. */
export abstract class SmokeStage {
  /**
   * Makes the smoke contest and its people where they are missing, gives the people new passwords, and finds a code.
   * @throws where the database can't be reached
   */
  abstract prepare(signal: AbortSignal): Promise<SmokeCast>;

  /** Takes from the people every way in again: passwords and sessions. */
  abstract strike(signal: AbortSignal): Promise<void>;
}
