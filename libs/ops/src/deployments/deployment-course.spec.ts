import { Clock } from '@tiptop/platform';
import pino from 'pino';
import { opsConfig } from '../../../../test/support/ops-config';
import { RunSteps } from '../backups/run-steps';
import { DeploymentCourse } from './deployment-course';
import type { HealthCheck } from './health-check';
import { KeptFiles } from './kept-files';
import type { Deployment } from './records/deployment.entity';
import type { DeploymentRegistry } from './records/deployment-registry';
import type { PinnedImage, Release } from './release';
import type { ReleaseResolver } from './release-resolver';
import type { ReleaseFiles } from './rollout/release-files';
import type { RollOut } from './rollout/roll-out';
import type { SmokeTrial } from './smoke/smoke-trial';
import type { Snapshots } from './snapshot/snapshots';

const image = (name: string): PinnedImage => ({
  repository: 'registry.example/backend',
  digest: `sha256:${name}`,
  id: `sha256:id-${name}`,
  version: name,
  revision: `commit-${name}`,
});
const OLD: Release = { backend: image('old'), frontend: null };
const NEW: Release = { backend: image('new'), frontend: null };
const SNAPSHOT = 'backup-20261123-020000';

/** Stands still but when it is moved. */
class StillClock extends Clock {
  constructor(private ms: number) {
    super();
  }

  now(): Date {
    return new Date(this.ms);
  }

  pass(ms: number): void {
    this.ms += ms;
  }
}

/** What each call does; it is written down by its name, and fails where it is told to. */
class Stage {
  readonly calls: string[] = [];
  readonly failing = new Map<string, number>();
  serves: Release | undefined = OLD;
  answers = true;
  predecessor: Release | undefined = { backend: image('older'), frontend: null };
  readonly clock = new StillClock(Date.parse('2026-11-23T10:00:00Z'));
  readonly stop = new AbortController();
  readonly row = {
    environment: 'prod',
    kind: 'deployment',
    status: 'running',
    release: null,
    previous: null,
    snapshot: null,
    reason: null,
    failureNoticedAt: null,
    recoveredAt: null,
  } as unknown as Deployment;
  readonly steps = new RunSteps(
    this.clock,
    this.stop.signal,
    { progress: () => undefined, finished: () => undefined },
    async () => Promise.resolve(),
  );

  constructor(private readonly environment: 'dev' | 'prod' = 'prod') {
    this.row.environment = environment;
  }

  /** Fails so many times from now on; always where no number is given. */
  fail(call: string, times = Infinity): this {
    this.failing.set(call, times);
    return this;
  }

  call<T>(name: string, value: T): Promise<T> {
    this.calls.push(name);
    this.clock.pass(1000);
    const left = this.failing.get(name) ?? 0;
    if (left === 0) return Promise.resolve(value);
    this.failing.set(name, left - 1);
    return Promise.reject(new Error(`${name} does not work`));
  }

  get course(): DeploymentCourse {
    const call = this.call.bind(this);
    const kept = { restore: async () => call('restore', undefined) } as unknown as KeptFiles;
    jest.spyOn(KeptFiles, 'of').mockImplementation(async () => call('keep', kept));
    const snapshot = { tag: SNAPSHOT, release: OLD, warnings: [] };
    const switched = {
      manner: 'rolling',
      warnings: [],
      accept: async () => call('accept', []),
      revert: async () => call('revert', undefined),
    };
    return new DeploymentCourse(
      opsConfig({ environment: this.environment }),
      this.clock,
      { predecessor: async () => call('predecessor', this.predecessor) } as unknown as DeploymentRegistry,
      { resolve: async (tag: string) => call(`resolve ${tag}`, NEW) } as unknown as ReleaseResolver,
      {
        take: async () => call('snapshot', snapshot),
        find: async (tag: string) => call(`find ${tag}`, tag === SNAPSHOT ? snapshot : undefined),
        verify: async () => call('verify', undefined),
        restoreFiles: async () => call('restoreFiles', undefined),
        prune: async () => call('prune', { detail: '', warnings: [] }),
      } as unknown as Snapshots,
      {
        folder: '/nowhere',
        install: async () => call('install', undefined),
      } as unknown as ReleaseFiles,
      {
        current: async () => Promise.resolve(this.serves),
        settle: async () => call('settle', { release: this.serves, answers: this.answers, done: [], warnings: [] }),
        stage: async ({ backend }: Release) => call(`stage ${backend.version!}`, undefined),
        migrate: async () => call('migrate', undefined),
        switchTo: async ({ backend }: Release) => call(`switch ${backend.version!}`, switched),
      } as unknown as RollOut,
      { wait: async () => call('health', 'well') } as unknown as HealthCheck,
      { run: async () => call('smoke', 'login, play, claim') } as unknown as SmokeTrial,
      pino({ level: 'silent' }),
    );
  }

  async deploy(snapshot?: string): Promise<Deployment> {
    const { row, steps, stop } = this;
    await this.course.deploy({ row, steps, signal: stop.signal }, { tag: 'prod-latest', snapshot });
    return row;
  }

  async rollBack(to?: string): Promise<Deployment> {
    const { row, steps, stop } = this;
    row.kind = 'rollback';
    await this.course.rollBack({ row, steps, signal: stop.signal }, to);
    return row;
  }
}

const GATE = ['settle', 'resolve prod-latest', 'snapshot'];
const CHANGE = ['keep', 'install', 'stage new', 'migrate', 'switch new', 'health', 'smoke'];

describe('A deployment to production', () => {
  it('secures what serves, migrates, switches, verifies, and only then lets go of the earlier version', async () => {
    const stage = new Stage();
    const row = await stage.deploy();
    expect(stage.calls).toEqual([...GATE, ...CHANGE, 'accept', 'prune']);
    expect(row).toMatchObject({ status: 'succeeded', reason: null, release: NEW, previous: OLD, snapshot: SNAPSHOT });
    expect(row).toMatchObject({ version: 'new', revision: 'commit-new', failureNoticedAt: null, recoveredAt: null });
    expect(stage.steps.reports.map(({ status }) => status)).toEqual(stage.steps.reports.map(() => 'passed'));
  });

  it.each(GATE)('is cancelled with nothing touched where %s fails', async (fault) => {
    const stage = new Stage().fail(fault);
    const row = await stage.deploy();
    expect(stage.calls).toEqual(GATE.slice(0, GATE.indexOf(fault) + 1));
    expect(row.status).toBe('cancelled');
    expect(row.reason).toMatch(new RegExp(`^\\w+: ${fault} does not work$`));
  });

  it.each(['install', 'stage new', 'migrate', 'switch new'])(
    'puts the files back where %s fails, and looks again',
    async (fault) => {
      const stage = new Stage().fail(fault);
      const row = await stage.deploy();
      const before = [...GATE, ...CHANGE.slice(0, CHANGE.indexOf(fault) + 1)];
      expect(stage.calls).toEqual([...before, 'restore', 'settle', 'health', 'smoke']);
      expect(row.status).toBe('rolled-back');
      expect(row.recoveredAt!.getTime() - row.failureNoticedAt!.getTime()).toBe(4000);
    },
  );

  it.each(['health', 'smoke'])('is rolled back where %s fails, files first, and verified alike', async (fault) => {
    const stage = new Stage().fail(fault, 1);
    const row = await stage.deploy();
    const before = [...GATE, ...CHANGE.slice(0, CHANGE.indexOf(fault) + 1)];
    expect(stage.calls).toEqual([...before, 'restore', 'revert', 'health', 'smoke']);
    expect(row).toMatchObject({ status: 'rolled-back', reason: `${fault}: ${fault} does not work` });
    expect(row.recoveredAt!.getTime() - row.failureNoticedAt!.getTime()).toBe(4000);
  });

  it.each(['restore', 'revert', 'health', 'smoke'])('says so where the rollback fails too: %s', async (fault) => {
    const stage = new Stage().fail('smoke', fault === 'smoke' ? Infinity : 1);
    if (fault === 'health') {
      const call = stage.call.bind(stage);
      stage.call = async (name, value) => call(stage.calls.includes('revert') ? `${name} again` : name, value);
      stage.fail('health again');
    } else if (fault !== 'smoke') stage.fail(fault);
    const row = await stage.deploy();
    expect(row.status).toBe('rollback-failed');
    expect(row.reason).toMatch(/^smoke: smoke does not work\. Then the rollback: .* does not work$/);
    expect(row.recoveredAt).toBeNull();
  });

  it('has failed with its rollback where the release before does not answer any more', async () => {
    const stage = new Stage().fail('switch new');
    stage.answers = false;
    await expect(stage.deploy()).resolves.toMatchObject({ status: 'rollback-failed', recoveredAt: null });
  });

  it('has succeeded where the earlier version can’t be cleared away, and the step says why', async () => {
    const stage = new Stage().fail('accept').fail('prune');
    const row = await stage.deploy();
    expect(row.status).toBe('succeeded');
    expect(stage.calls).not.toContain('revert');
    const failed = stage.steps.reports.filter(({ status }) => status === 'failed');
    expect(failed.map(({ name }) => name)).toEqual(['accept', 'prune']);
  });

  it('is rolled back where it is interrupted after the switch, by work that the interruption does not reach', async () => {
    const stage = new Stage();
    const call = stage.call.bind(stage);
    stage.call = async (name, value) => {
      if (name === 'health' && !stage.calls.includes('health')) stage.stop.abort(new Error('SIGTERM'));
      return call(name, value);
    };
    const row = await stage.deploy();
    expect(stage.calls).toEqual([...GATE, ...CHANGE.slice(0, -1), 'restore', 'revert', 'health', 'smoke']);
    expect(row).toMatchObject({ status: 'rolled-back', reason: 'smoke: interrupted: SIGTERM' });
  });

  it('without anything that serves takes no snapshot, and leaves what failed for whoever looks at it', async () => {
    const good = new Stage();
    good.serves = undefined;
    await expect(good.deploy()).resolves.toMatchObject({ status: 'succeeded', snapshot: null, previous: null });
    expect(good.calls).not.toContain('snapshot');
    const bad = new Stage().fail('smoke');
    bad.serves = undefined;
    await expect(bad.deploy()).resolves.toMatchObject({ status: 'failed', recoveredAt: null });
    expect(bad.calls).not.toContain('revert');
  });

  describe('with a snapshot taken ahead', () => {
    it('verifies that, and takes none', async () => {
      const stage = new Stage();
      await expect(stage.deploy(SNAPSHOT)).resolves.toMatchObject({ status: 'succeeded', snapshot: SNAPSHOT });
      expect(stage.calls.slice(0, 4)).toEqual(['settle', 'resolve prod-latest', `find ${SNAPSHOT}`, 'verify']);
    });

    it.each([
      ['is not there', 'backup-20261123-030000', OLD, /no snapshot backup-20261123-030000/],
      ['is of another release', SNAPSHOT, NEW, /of another release/],
    ])('is cancelled where it %s', async (_, tag, serves, reason) => {
      const stage = new Stage();
      stage.serves = serves;
      const row = await stage.deploy(tag);
      expect([row.status, row.reason]).toEqual(['cancelled', expect.stringMatching(reason)]);
    });

    it('is cancelled where it is not whole any more', async () => {
      await expect(new Stage().fail('verify').deploy(SNAPSHOT)).resolves.toMatchObject({ status: 'cancelled' });
    });
  });
});

describe('A deployment to dev', () => {
  it('takes no snapshot and plays nothing', async () => {
    const stage = new Stage('dev');
    await expect(stage.deploy()).resolves.toMatchObject({ status: 'succeeded' });
    const wanted = [...GATE.slice(0, 2), ...CHANGE.slice(0, -1), 'accept'];
    expect(stage.calls).toEqual(wanted);
    const disabled = stage.steps.reports.filter(({ status }) => status === 'disabled');
    expect(disabled.map(({ name }) => name)).toEqual(['snapshot', 'smoke']);
  });

  it('leaves a version that is not well where it is: somebody has to look at it', async () => {
    const stage = new Stage('dev').fail('health');
    await expect(stage.deploy()).resolves.toMatchObject({ status: 'failed', recoveredAt: null });
    expect(stage.calls).not.toContain('revert');
    expect(stage.calls).not.toContain('restore');
  });
});

describe('A rollback', () => {
  it('puts the release before into service, without migrations, and verifies it', async () => {
    const stage = new Stage();
    const row = await stage.rollBack();
    const verified = ['health', 'smoke', 'accept'];
    expect(stage.calls).toEqual(['settle', 'predecessor', 'keep', 'stage older', 'switch older', ...verified]);
    expect(row).toMatchObject({ status: 'succeeded', version: 'older', snapshot: null });
  });

  it('to a snapshot takes its files as well', async () => {
    const stage = new Stage();
    await stage.rollBack(SNAPSHOT);
    expect(stage.calls.slice(1, 6)).toEqual([`find ${SNAPSHOT}`, 'keep', 'restoreFiles', 'stage old', 'switch old']);
  });

  it('to an image’s tag takes it from the registry', async () => {
    const stage = new Stage();
    await stage.rollBack('1.2.3');
    expect(stage.calls.slice(1, 4)).toEqual(['resolve 1.2.3', 'keep', 'stage new']);
  });

  it('is cancelled where there is nothing to go back to', async () => {
    const stage = new Stage();
    stage.predecessor = undefined;
    await expect(stage.rollBack()).resolves.toMatchObject({ status: 'cancelled' });
    await expect(new Stage().rollBack('backup-20261123-030000')).resolves.toMatchObject({ status: 'cancelled' });
  });

  it('that does not work is undone, and has failed', async () => {
    const stage = new Stage().fail('health', 1);
    await expect(stage.rollBack()).resolves.toMatchObject({ status: 'failed' });
    expect(stage.calls.slice(-4)).toEqual(['restore', 'revert', 'health', 'smoke']);
  });
});
