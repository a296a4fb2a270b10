import { BackupRun, type RunObserver } from '@tiptop/ops';
import { MovableClock, type OpsConfig } from '@tiptop/platform';
import { OpsStage } from '../../support/ops-stage';
import { DatabaseStage } from './database-stage';
import { type HeldFiles, heldInFolder } from './held-files';
import { descendantsOf } from './process-family';
import { SshServer } from './sshd';

/** A dump of some 3 MB, which is enough to be in the middle of, and goes twice on a small disk. */
const BALLAST_MEGABYTES = 5;
export const never = (): AbortSignal => new AbortController().signal;

/** A fault for the middle of a dump, and how often it was injected: once for each pg_dump at most. */
export interface MiddleFault {
  observer: RunObserver;
  times: () => number;
}

/** Runs on a real database and to a real backup server, one of which fails after one that did not. */
export class FailingRuns {
  stage!: OpsStage;
  /** The one that did not. */
  earlier!: BackupRun;
  remoteBefore: HeldFiles = {};

  private constructor(
    readonly database: DatabaseStage,
    readonly server: SshServer,
  ) {}

  static async start(): Promise<FailingRuns> {
    const [database, server] = await Promise.all([DatabaseStage.start(), SshServer.start()]);
    await database.fill(1000);
    await database.ballast(BALLAST_MEGABYTES);
    return new FailingRuns(database, server);
  }

  async stop(): Promise<void> {
    await Promise.all([this.database.stop(), this.server.stop()]);
  }

  async set(ops: Partial<OpsConfig> = {}, clock = new MovableClock()): Promise<void> {
    const sftp = this.server.config();
    this.stage = await OpsStage.set({
      databaseUrl: this.database.url,
      clock,
      ops: { sftp, alertEmails: ['ops@example.org'], attempts: 2, ...ops },
    });
  }

  async makeEarlier(): Promise<void> {
    this.earlier = await this.stage.run();
    expectSucceeded(this.earlier);
    this.stage.alerts.heard.length = 0;
    this.remoteBefore = await heldInFolder(this.server.root);
  }

  /** Injects it as soon as the dump is in its middle, before anything else can happen: once, or at each try. */
  inTheMiddle(fault: (pgDump: number) => void, { each = false } = {}): MiddleFault {
    const seen = new Set<number>();
    const progress: RunObserver['progress'] = (step, text) => {
      if (step !== 'database' || !text.endsWith('dumped') || (seen.size > 0 && !each)) return;
      const pgDump = descendantsOf(process.pid).find(({ name, pid }) => name === 'pg_dump' && !seen.has(pid));
      if (!pgDump) return;
      seen.add(pgDump.pid);
      fault(pgDump.pid);
    };
    return { observer: { progress, finished: () => undefined }, times: () => seen.size };
  }

  /** The one before is whole wherever it was, and of the failed one there is nothing. */
  async expectNoHarm(run: BackupRun): Promise<void> {
    expect(run).toMatchObject({ status: 'failed', manifest: null, copies: [] });
    await this.stage.local.verify(this.earlier.id, never());
    const { backups, partials, faults } = await this.stage.local.list();
    expect([backups.map(({ id }) => id), partials, faults]).toEqual([[this.earlier.id], [], []]);
    expect(await heldInFolder(this.server.root)).toEqual(this.remoteBefore);
  }

  expectTold({ id }: BackupRun, step: string, cause: RegExp): void {
    expect(this.stage.alerts.heard.at(-1)).toMatchObject({
      level: 'failure',
      subject: `Backup ${id} HAS FAILED`,
      facts: { backup: id, step, cause: expect.stringMatching(cause) as string },
    });
  }

  async expectNextOneWorks(): Promise<void> {
    const next = await this.stage.run();
    expectSucceeded(next);
    const { backups, partials, faults } = await this.stage.local.list();
    expect([backups[0]?.id, partials, faults]).toEqual([next.id, [], []]);
  }

  /** What the database has kept of a run. */
  async rowOf({ id }: BackupRun): Promise<BackupRun> {
    return this.stage.database.getRepository(BackupRun).findOneByOrFail({ id });
  }
}

/** Names what there is to say against it. */
export function expectSucceeded({ status, reason, steps, manifest }: BackupRun): void {
  const unsound = steps.filter((step) => !['passed', 'disabled'].includes(step.status));
  expect({ status, reason, unsound, warnings: manifest?.warnings }).toEqual({
    status: 'succeeded',
    reason: null,
    unsound: [],
    warnings: [],
  });
}
