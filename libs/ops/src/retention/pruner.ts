import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER, type OpsConfig } from '@tiptop/platform';
import type { Logger } from 'pino';
import { StepFailure } from '../backups/backup-source';
import { LocalBackups } from '../local/local-backups';
import type { BackupStore } from '../stores/backup-store';
import { BACKUP_STORES } from '../stores/backup-stores.token';
import { leftoverAgeMs } from '../stores/store-options';
import { LocalPlace } from './local-place';
import { placeFailure } from './place-failure';
import { planRetention } from './plan-retention';
import { ProtectedBackups } from './protected-backups';
import { removeDue } from './remove-due';
import type { RetentionPlace } from './retention-place';
import type { PlacePlan, PruneOutcome, RetentionPlan } from './retention-plan';
import { StorePlace } from './store-place';
import { StoreTimes } from './store-times';

/** Keeps of the backups what the settings say, everywhere, and removes the others. */
@Injectable()
export class Pruner {
  private readonly ops: OpsConfig;
  private readonly places: readonly RetentionPlace[];

  constructor(
    local: LocalBackups,
    @Inject(BACKUP_STORES) private readonly stores: readonly BackupStore[],
    private readonly protectedBackups: ProtectedBackups,
    { ops }: AppConfig,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.ops = ops;
    this.places = [new LocalPlace(local, ops.backupDir), ...stores.map((store) => new StorePlace(store))];
  }

  /**
   * What pruning would do now, in every place. A place that can't be asked says so and does not spoil the others, nor
   * does one that has not answered when the signal says that time is up.
   * @throws StepFailure where the signal ends it otherwise
   */
  async plan(signal: AbortSignal): Promise<RetentionPlan> {
    const at = this.clock.now().toISOString();
    const protectedIds = await this.protectedIds();
    const times = await StoreTimes.ask(this.stores, signal);
    const places = await Promise.all(
      this.places.map(async (place) => {
        try {
          return (await this.planPlace(place, protectedIds, times, signal)).plan;
        } catch (error) {
          return unasked(place, placeFailure(error, signal, 'Planning the retention'));
        }
      }),
    );
    const timeIsUp = (signal.reason as { name?: unknown } | undefined)?.name === 'TimeoutError';
    if (signal.aborted && !timeIsUp) throw placeFailure(signal.reason, signal, 'Planning the retention');
    return { at, places };
  }

  /**
   * Removes from one place what its plan says, and nothing where that can't be told.
   * @param name `local`, or a store's name
   * @throws StepFailure where nothing was removed because the place can't be asked or the clock can't be trusted, and
   * where the signal ends it; what a single backup fails with stands in the outcome
   */
  async prune(name: string, signal: AbortSignal): Promise<PruneOutcome> {
    const place = this.places.find((one) => one.name === name);
    if (!place) throw new StepFailure(`There is no place ${JSON.stringify(name)} where backups are kept`, false);
    const doing = `Removing old backups from ${place.where}`;
    try {
      const protectedIds = await this.protectedIds();
      const times = await StoreTimes.ask(this.stores, signal);
      const { plan, warnings } = await this.planPlace(place, protectedIds, times, signal);
      if (plan.refused !== null) throw new StepFailure(`${doing} is refused: ${plan.refused}`, false);
      this.log(plan);
      return await removeDue({ place, plan, warnings, most: this.ops.keep.removeAtMost, logger: this.logger, signal });
    } catch (error) {
      throw placeFailure(error, signal, doing);
    }
  }

  private async planPlace(
    place: RetentionPlace,
    protectedIds: ReadonlyMap<string, string>,
    times: StoreTimes,
    signal: AbortSignal,
  ): Promise<{ plan: PlacePlan; warnings: string[] }> {
    const { backups, loneArchives, unknown, warnings } = await place.survey(times.of(place.name), signal);
    const { keep, stepSeconds, stallSeconds } = this.ops;
    const answer = planRetention({
      place: place.rules,
      backups,
      loneArchives,
      leftoverMs: leftoverAgeMs({ totalMs: stepSeconds * 1000, stallMs: stallSeconds * 1000 }),
      protectedIds,
      keep,
      // After the survey: what it has found was there by then.
      now: this.clock.now(),
      told: times.witnesses(place.name),
    });
    return { plan: { place: place.name, where: place.where, ...answer, unknown, error: null }, warnings };
  }

  private async protectedIds(): Promise<ReadonlyMap<string, string>> {
    try {
      return await this.protectedBackups.ids();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StepFailure(`Which backups something relies on can’t be told: ${why}`, true, { cause: error });
    }
  }

  private log({ place, decisions }: PlacePlan): void {
    for (const { id, bytes, decision, reasons } of decisions) {
      this.logger.info({ place, backup: id, bytes, decision, reasons }, 'Retention decides on a backup');
    }
  }
}

function unasked({ name: place, where }: RetentionPlace, { message }: StepFailure): PlacePlan {
  return { place, where, refused: null, newestVerified: null, decisions: [], unknown: [], error: message };
}
