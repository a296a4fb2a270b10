import type { Logger } from 'pino';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { placeFailure } from './place-failure';
import type { RetentionPlace } from './retention-place';
import type { PlacePlan, PruneOutcome, RetentionDecision } from './retention-plan';

/** So many in a row say that the place is at fault, and not a backup. */
const GIVE_UP_AFTER = 3;

export interface RemoveRequest {
  place: RetentionPlace;
  plan: PlacePlan;
  /** What the survey has found. */
  warnings: readonly string[];
  /** Backups. */
  most: number;
  logger: Pick<Logger, 'info' | 'warn'>;
  signal: AbortSignal;
}

/**
 * Removes what is due, the oldest first.
 * @throws StepFailure where the signal ends it
 */
export async function removeDue(request: RemoveRequest): Promise<PruneOutcome> {
  const { place, plan, most, logger, signal } = request;
  const done: Done = { removed: [], failed: [], kept: [] };
  // What a lock keeps takes nobody's place: else twenty locked ones would keep all the others for ever.
  const due = plan.decisions.filter(({ decision, deferred }) => decision === 'remove' || deferred).toReversed();
  let inARow = 0;
  for (const decision of due) {
    if (done.removed.length >= most || inARow >= GIVE_UP_AFTER) break;
    const failed = done.failed.length;
    await removeOne(decision, request, done);
    inARow = done.failed.length > failed ? inARow + 1 : 0;
  }
  const warnings = [...request.warnings];
  const swept = await place.sweep(signal).catch((error: unknown) => {
    warnings.push(`broken uploads could not be cleared away: ${placeFailure(error, signal, 'Sweeping').message}`);
    return 0;
  });
  if (signal.aborted) throw placeFailure(signal.reason, signal, `Removing old backups from ${place.where}`);
  const freedBytes = done.removed.reduce((sum, { bytes }) => sum + bytes, 0);
  const left = due.length - done.removed.length - done.failed.length - done.kept.length;
  const detail = [
    `${done.removed.length} removed, ${bytesInWords(freedBytes)}`,
    `${plan.decisions.length - due.length} kept`,
    ...(done.kept.length > 0 ? [`${done.kept.length} due that the store does not let go`] : []),
    ...(done.failed.length > 0 ? [`${done.failed.length} failed`] : []),
    ...(left > 0 ? [`${left} left to the next run`] : []),
    ...(swept > 0 ? [`${swept} broken uploads cleared away`] : []),
  ].join('; ');
  logger.info({ place: place.name, removed: done.removed.length, freedBytes }, 'Old backups are removed');
  return { place: place.name, ...done, freedBytes, detail, warnings };
}

type Done = Pick<PruneOutcome, 'removed' | 'failed' | 'kept'>;

async function removeOne(decision: RetentionDecision, request: RemoveRequest, done: Done): Promise<void> {
  const { place, logger, signal } = request;
  const { id } = decision;
  const reasons = decision.deferred ? decision.reasons.slice(1) : decision.reasons;
  const told = { place: place.name, backup: id };
  try {
    signal.throwIfAborted();
    const removal = await place.remove(decision, signal);
    if ('kept' in removal) {
      done.kept.push({ id, why: removal.kept });
      logger.info({ ...told, reason: removal.kept }, 'A backup that is due stays');
      return;
    }
    done.removed.push({ id, why: reasons.join('; '), bytes: removal.bytes });
    logger.info({ ...told, bytes: removal.bytes, reasons }, 'Backup removed');
  } catch (error) {
    const failure = placeFailure(error, signal, `Removing old backups from ${place.where}`);
    if (signal.aborted) throw failure;
    done.failed.push({ id, why: failure.message });
    logger.warn({ ...told, reason: failure.message }, 'A backup could not be removed');
  }
}
