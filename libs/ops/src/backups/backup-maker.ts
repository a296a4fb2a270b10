import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { Alerts } from '../alerts/alerts';
import { Archiver } from '../archive/archiver';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { LocalBackups } from '../local/local-backups';
import type { LocalBackup } from '../local/local-listing';
import { SpaceCheck } from '../space/space-check';
import type { BackupStore } from '../stores/backup-store';
import { BACKUP_STORES } from '../stores/backup-stores.token';
import { Pruner } from '../retention/pruner';
import { RestoreCheck } from '../verification/restore-check';
import { isScheduled } from './backup-id';
import type { BackupReport } from './backup-report';
import type { BackupRun } from './backup-run.entity';
import type { RunObserver } from './backup-runs';
import { type BackupContext, type BackupSource, StepFailure } from './backup-source';
import { BACKUP_SOURCES } from './backup-sources.token';
import { Gathering } from './gathering';
import { whyLeftOut } from './left-out';
import { type InnerManifest, type Manifest, MANIFEST_VERSION } from './manifest';
import { RunAftermath } from './run-aftermath';
import { RunRegistry } from './run-registry';
import { reasonOf, RunSteps, type StepResult, type StepTries } from './run-steps';
import { serviceVersion } from './service-version';
import { copyToStore } from './store-copy';

const MS = 1000;

/** Every store that there may be, and what switches it on. */
const STORES: Readonly<Record<string, string>> = { s3: 'BACKUP_S3_ENDPOINT', sftp: 'BACKUP_SFTP_URL' };

/** What a run carries from step to step. */
interface UnderWay {
  run: BackupRun;
  steps: RunSteps;
  signal: AbortSignal;
  removed: BackupReport['removed'][number][];
}

/** Makes one backup: the boxes of the process, in their order. */
@Injectable()
export class BackupMaker {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly registry: RunRegistry,
    private readonly local: LocalBackups,
    private readonly space: SpaceCheck,
    private readonly archiver: Archiver,
    private readonly restoreCheck: RestoreCheck,
    private readonly pruner: Pruner,
    private readonly aftermath: RunAftermath,
    private readonly alerts: Alerts,
    @Inject(BACKUP_SOURCES) private readonly sources: readonly BackupSource[],
    @Inject(BACKUP_STORES) private readonly stores: readonly BackupStore[],
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Fills the run's row in, whatever happens. Never rejects. */
  async make(run: BackupRun, signal: AbortSignal, observer: RunObserver): Promise<void> {
    const steps = new RunSteps(this.clock, signal, observer, async (step, reports) => {
      run.step = step ?? run.step;
      run.steps = [...reports];
      await this.registry.note(run);
    });
    const underWay: UnderWay = { run, steps, signal, removed: [] };
    try {
      const backup = await this.makeLocal(underWay);
      const uploaded = await this.upload(backup, underWay);
      await this.prune(uploaded, underWay);
      if (this.stores.length > 0 && !run.copies.some(({ place, verified }) => verified && place !== 'local')) {
        run.reason = `No copy away from this machine could be verified: ${failedSteps(steps).join('; ')}`;
      }
    } catch (error) {
      run.reason = signal.aborted ? reasonOf(signal) : whereAndWhy(steps, error as Error);
      this.logger.error({ err: error as Error, backup: run.id }, 'The backup has failed');
      await this.clearUp(run);
    }
    await this.aftermath.conclude(underWay);
  }

  private async makeLocal(underWay: UnderWay): Promise<LocalBackup> {
    const { run, steps, signal } = underWay;
    const { id } = run;
    await steps.take('space', async () => this.checkSpace(underWay));
    const folder = await steps.take('folder', async () => {
      const value = await this.local.create(id);
      return { value, detail: 'made, for this account alone' };
    });
    const gathering = new Gathering();
    const disabled: string[] = [];
    if (this.stores.length === 0 && this.config.ops.environment === 'prod') {
      gathering.warnings.push('no store away from this machine is switched on: what it loses is lost');
    }
    for (const source of this.sources) {
      const why = whyLeftOut(source, run.kind);
      if (why !== undefined) {
        disabled.push(source.name);
        await steps.skip(source.name, 'disabled', why);
        continue;
      }
      await steps.take(
        source.name,
        async (progress) => {
          const product = await source.produce({ id, folder, signal, progress });
          gathering.add(product);
          return { value: undefined, detail: product.detail, warnings: product.warnings };
        },
        this.tries(run),
      );
      if (source.name === 'database') await this.tryRestore(underWay, gathering, folder, disabled);
    }
    return this.archive(underWay, gathering, folder, disabled);
  }

  /** Before anything is written. */
  private async checkSpace({ run, signal, removed }: UnderWay): Promise<StepResult<undefined>> {
    const { backups } = await this.local.list();
    const clean = async (): Promise<number> => {
      let freed = 0;
      for (const place of ['local', ...this.stores.map(({ name }) => name)]) {
        const outcome = await this.pruner.prune(place, signal);
        freed += outcome.freedBytes;
        removed.push(...outcome.removed.map(({ id, why }) => ({ place, id, why })));
      }
      return freed;
    };
    const { detail } = await this.space.ensure({
      id: run.id,
      sources: this.sources.filter((source) => whyLeftOut(source, run.kind) === undefined),
      last: backups.find(({ manifest }) => manifest.quarantined === null)?.manifest,
      stores: this.stores,
      clean,
      signal,
    });
    return { value: undefined, detail };
  }

  private async tryRestore(
    { run, steps, signal }: UnderWay,
    gathering: Gathering,
    folder: string,
    disabled: string[],
  ): Promise<void> {
    const { database } = gathering;
    if (!isScheduled(run.kind)) {
      disabled.push('restore-check');
      await steps.skip(
        'restore-check',
        'disabled',
        `A ${run.kind} backup is not restored for a look: the nightly ones are`,
      );
      return;
    }
    try {
      await steps.take('restore-check', async (progress) => {
        if (!database) throw new StepFailure('There is no dump', false);
        const dump = join(folder, database.dump);
        const request = { id: run.id, dump, facts: database, signal, progress };
        const { passed, detail, warnings } = await this.restoreCheck.verify(request);
        if (!passed) gathering.quarantined ??= detail;
        gathering.warnings.push(...warnings);
        return { value: undefined, detail, warnings: passed ? warnings : [...warnings, 'it is quarantined'] };
      });
    } catch (error) {
      signal.throwIfAborted();
      // A dump that was read in full and found sound is better than none: somebody has to look at why it can't be tried.
      gathering.warnings.push(`the dump could not be restored for a look: ${(error as Error).message}`);
    }
  }

  private async archive(
    { run, steps, signal }: UnderWay,
    gathering: Gathering,
    folder: string,
    disabled: readonly string[],
  ): Promise<LocalBackup> {
    return steps.take(
      'archive',
      async (progress) => {
        const context: BackupContext = { id: run.id, folder, signal, progress };
        const { recipients, tools, notes } = await this.archiver.plan(signal);
        const contents = this.contentsOf(run, gathering, { recipients, tools, disabled });
        const manifest = await this.archiver.write(contents, context);
        progress('publishing');
        const published = await this.publish(manifest, signal);
        run.manifest = manifest;
        run.copies = [this.copy('local', published.archivePath)];
        const size = bytesInWords(manifest.archive.bytes);
        return {
          value: published,
          detail: [`${manifest.artifacts.length} files, ${size}, to ${recipients.length} keys`, ...notes].join('; '),
          warnings: gathering.quarantined === null ? [] : [`quarantined: ${gathering.quarantined}`],
        };
      },
      this.tries(run),
    );
  }

  /** Puts the archive into its place, and reads it back from there. */
  private async publish(manifest: Manifest, signal: AbortSignal): Promise<LocalBackup> {
    await this.local.publish(manifest);
    try {
      return await this.local.verify(manifest.id, signal);
    } catch (error) {
      // With its manifest it would count. What it was made of is gone, so that only another run can help.
      await this.local.remove(manifest.id);
      throw new StepFailure(`It was not what was written when it was read back: ${(error as Error).message}`, false, {
        cause: error,
      });
    }
  }

  private contentsOf(
    { id, kind }: BackupRun,
    { artifacts, database, images, warnings, quarantined, tools }: Gathering,
    plan: { recipients: readonly string[]; tools: Readonly<Record<string, string>>; disabled: readonly string[] },
  ): InnerManifest {
    if (!database) throw new StepFailure('There is no dump', false);
    const { environment, revision } = this.config.ops;
    return {
      version: MANIFEST_VERSION,
      id,
      kind,
      environment,
      createdAt: this.clock.now().toISOString(),
      service: { version: serviceVersion(), revision: revision ?? null },
      tools: { ...tools, ...plan.tools },
      artifacts,
      database,
      images,
      recipients: plan.recipients,
      disabled: plan.disabled,
      warnings,
      quarantined,
    };
  }

  /** To all stores at once; what one fails in is no reason to leave the others alone. @returns whether all have it */
  private async upload(backup: LocalBackup, { run, steps, signal }: UnderWay): Promise<boolean> {
    for (const [name, setting] of Object.entries(STORES)) {
      if (this.stores.some((store) => store.name === name)) continue;
      await steps.skip(`upload-${name}`, 'disabled', `${setting} and its companions are not set`);
    }
    const copies = await Promise.all(
      this.stores.map(async (store) => {
        try {
          await steps.take(
            `upload-${store.name}`,
            async (progress) => {
              await copyToStore(store, backup, signal, progress);
              return { value: undefined, detail: `${store.place}: read back in full, archive and manifest` };
            },
            this.tries(run),
          );
          return this.copy(store.name, store.place);
        } catch (error) {
          return { place: store.name, verified: false, verifiedAt: null, detail: (error as Error).message };
        }
      }),
    );
    run.copies = [...run.copies, ...copies];
    signal.throwIfAborted();
    return copies.every(({ verified }) => verified);
  }

  /** Only once this very backup is known to be whole wherever it should be. */
  private async prune(uploaded: boolean, { run, steps, signal, removed }: UnderWay): Promise<void> {
    const quarantined = run.manifest?.quarantined ?? null;
    const why = quarantined === null ? 'this backup is not verified everywhere' : 'this backup is quarantined';
    for (const place of ['local', ...this.stores.map(({ name }) => name)]) {
      const name = `prune-${place}`;
      if (!uploaded || quarantined !== null) {
        await steps.skip(name, 'degraded', `Nothing was removed: ${why}`);
        continue;
      }
      try {
        await steps.take(name, async () => {
          const outcome = await this.pruner.prune(place, signal);
          removed.push(...outcome.removed.map(({ id, why: reason }) => ({ place, id, why: reason })));
          const failed = outcome.failed.map(({ id, why: reason }) => `${id} could not be removed: ${reason}`);
          return { value: undefined, detail: outcome.detail, warnings: [...outcome.warnings, ...failed] };
        });
      } catch (error) {
        signal.throwIfAborted();
        // The backup is made; what is left of older ones is for the next run, and for whoever reads the report.
        this.logger.warn({ err: error as Error, backup: run.id, place }, 'Old backups could not be removed');
      }
    }
  }

  private copy(place: string, detail: string): BackupRun['copies'][number] {
    return { place, verified: true, verifiedAt: this.clock.now().toISOString(), detail };
  }

  private tries({ id }: BackupRun): StepTries {
    const { attempts, retrySeconds, environment } = this.config.ops;
    return {
      attempts,
      pauseMs: retrySeconds * MS,
      retrying: async (step, error) => {
        await this.alerts.send({
          level: 'warning',
          subject: `Backup ${id}: ${step} has failed, and is tried again`,
          text: error.message,
          facts: { environment, backup: id, step, cause: error.message },
        });
      },
    };
  }

  private async clearUp({ id, manifest }: BackupRun): Promise<void> {
    if (manifest) return;
    try {
      await this.local.sweep({ dead: [id] });
    } catch (err) {
      // The next run sweeps it.
      this.logger.warn({ err, backup: id }, 'What the failed run has left could not be removed');
    }
  }
}

function failedSteps({ reports }: RunSteps): string[] {
  return reports.filter(({ status }) => status === 'failed').map(({ name, detail }) => `${name}: ${detail}`);
}

/** The first fault, with its step. */
function whereAndWhy(steps: RunSteps, error: Error): string {
  return failedSteps(steps)[0] ?? error.message;
}
