import { Injectable } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { Alerts } from '../alerts/alerts';
import { ArchiveReader } from '../archive/archive-reader';
import { ScratchRestore } from '../database/scratch-restore';
import { stopped } from '../database/stopped';
import type { BackupPlace } from './backup-place';
import { BackupPlaces } from './backup-places';
import type { DrillOutcome, DrillRequest, DrillVerdict } from './drill-outcome';
import { DrillTrial, type DrillTools } from './drill-trial';
import { NO_BACKUP, VerificationLog } from './verification-log';
import { WorkFolder } from './work-folder';

const DOING = 'drilling';

/** What one drill carries along. */
interface Round extends DrillRequest {
  startedAt: Date;
  identityFile: string;
  /** Beside the stores; said in each verdict. */
  note: string;
  warnings: string[];
}

/**
 * Level 3, each week: what the stores hold is fetched, opened with the drill key, restored and compared, as after the loss
 * of everything else. Whoever calls it holds the lease; see LeasedDrills.
 */
@Injectable()
export class Drill {
  constructor(
    private readonly config: AppConfig,
    private readonly places: BackupPlaces,
    private readonly reader: ArchiveReader,
    private readonly scratch: ScratchRestore,
    private readonly log: VerificationLog,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
  ) {}

  /**
   * Of every store, the newest backup and the oldest one that is retained. What fails is a verdict, written down, and told
   * by an alert.
   * @throws StepFailure where the drill is stopped, or a place is asked for that is not switched on
   */
  async run(request: DrillRequest): Promise<DrillOutcome> {
    const { drillKeyFile, backupDir } = this.config.ops;
    if (drillKeyFile === undefined) {
      const detail = 'The drill is disabled: BACKUP_DRILL_KEY_FILE is not set, and without a key no archive is opened';
      return { status: 'disabled', verdicts: [], warnings: [], detail };
    }
    const { places, note } = this.choose(request.store);
    const round = { ...request, startedAt: this.clock.now(), identityFile: drillKeyFile, note, warnings: [] };
    const { warnings }: Round = round;
    await WorkFolder.sweep(backupDir, 'drill', 0, round.startedAt).catch((error: unknown) => {
      warnings.push(`what an earlier drill has left in ${backupDir} could not be removed: ${(error as Error).message}`);
    });
    const verdicts: DrillVerdict[] = [];
    for (const place of places) verdicts.push(...(await this.drill(place, round)));
    if (warnings.length > 0) await this.warn(warnings);
    return outcomeOf(verdicts, warnings, note);
  }

  private choose(store: string | undefined): { places: readonly BackupPlace[]; note: string } {
    const { stores, local } = this.places;
    if (store !== undefined) return { places: [this.places.named(store)], note: '' };
    if (stores.length > 0) return { places: stores, note: '' };
    return { places: [local], note: 'only the local copy was tried, since no store is switched on' };
  }

  private async drill(place: BackupPlace, round: Round): Promise<DrillVerdict[]> {
    let ids: readonly string[] = [];
    const newest = await this.attempt(place, 'newest', round, async (trial) => {
      ids = await place.ids(round.signal);
      return trial.newest(ids);
    });
    const oldest = ids.at(-1);
    if (oldest === undefined || oldest === newest.backupId) return [newest];
    return [newest, await this.attempt(place, 'oldest', round, (trial) => trial.opened(oldest))];
  }

  private async attempt(
    place: BackupPlace,
    part: DrillVerdict['part'],
    round: Round,
    work: (trial: DrillTrial) => Promise<string>,
  ): Promise<DrillVerdict> {
    const name = `drill-${place.name}-${part}`;
    const startedAt = this.clock.now().toISOString();
    const trial = new DrillTrial(place, this.tools(name, round));
    let verdict: DrillVerdict;
    try {
      const done = await work(trial);
      verdict = this.verdict(trial, place, part, { passed: true, detail: done, note: round.note });
    } catch (error) {
      if (round.signal.aborted) throw stopped(round.signal, DOING);
      const detail = error instanceof Error ? error.message : String(error);
      verdict = this.verdict(trial, place, part, { passed: false, detail, note: round.note });
    }
    const warnings = [...trial.warnings];
    const unrecorded = await this.log.record({ ...verdict, level: 'drill', startedAt: round.startedAt });
    if (unrecorded !== undefined) warnings.push(unrecorded);
    round.warnings.push(...warnings.map((warning) => `${verdict.backupId} from ${place.name}: ${warning}`));
    const { passed, detail } = verdict;
    const status = passed ? (warnings.length > 0 ? 'degraded' : 'passed') : 'failed';
    const finishedAt = this.clock.now().toISOString();
    round.observer?.finished({ name, status, startedAt, finishedAt, attempts: 1, detail });
    if (!passed) await this.tell(verdict);
    return verdict;
  }

  private verdict(
    { backupId = NO_BACKUP, step }: DrillTrial,
    { name: source }: BackupPlace,
    part: DrillVerdict['part'],
    { passed, detail, note }: { passed: boolean; detail: string; note: string },
  ): DrillVerdict {
    const whole = note === '' ? detail : `${detail}; ${note}`;
    return { source, backupId, part, passed, failedAt: passed ? null : step, detail: whole };
  }

  private tools(name: string, { identityFile, signal, observer }: Round): DrillTools {
    const { backupDir, reserveBytes } = this.config.ops;
    const { reader, scratch } = this;
    const progress: DrillTools['progress'] = (text, done, whole) => observer?.progress(name, text, done, whole);
    return { reader, scratch, identityFile, backupDir, reserveBytes, signal, progress };
  }

  private async tell({ backupId, source, part, failedAt, detail }: DrillVerdict): Promise<void> {
    const what = backupId === NO_BACKUP ? `the ${part} backup` : `the ${part} backup, ${backupId},`;
    await this.alerts.send({
      level: 'failure',
      subject: `The drill has failed: ${what} from ${source} did not pass the step ${failedAt ?? ''}`,
      text: `What ${source} holds could not be brought back as it would have to be after a disaster. Step ${failedAt ?? ''}: ${detail}`,
      facts: { step: `drill-${failedAt ?? ''}`, backup: backupId, store: source, cause: detail },
    });
  }

  private async warn(warnings: readonly string[]): Promise<void> {
    await this.alerts.send({
      level: 'warning',
      subject: 'The drill has left something to be looked at',
      text: warnings.join('\n'),
      facts: { step: 'drill', cause: warnings.join('; ') },
    });
  }
}

function outcomeOf(verdicts: readonly DrillVerdict[], warnings: readonly string[], note: string): DrillOutcome {
  const failed = verdicts.filter(({ passed }) => !passed);
  const names = (some: readonly DrillVerdict[]): string =>
    some.map(({ backupId, source, part }) => `${backupId} from ${source} (${part})`).join(', ');
  const result =
    failed.length === 0 ? `The drill has passed: ${names(verdicts)}` : `The drill has failed: ${names(failed)}`;
  const status = failed.length > 0 ? 'failed' : warnings.length > 0 ? 'degraded' : 'passed';
  return { status, verdicts, warnings, detail: note === '' ? result : `${result}; ${note}` };
}
