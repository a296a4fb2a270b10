/** Tries the newest backups out from end to end: fetched, opened with the drill key, restored, compared. */
export abstract class DrillRuns {
  /**
   * Resolves once the drill is over, however it went: it tells of that itself.
   * @throws OperationUnderWay where something else is at work on this installation
   */
  abstract run(signal: AbortSignal): Promise<void>;
}
