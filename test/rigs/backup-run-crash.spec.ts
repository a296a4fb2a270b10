import { manifestName, type RunObserver } from '@tiptop/ops';
import '../support/one-realm';
import { FailingRuns, never } from './support/failing-runs';
import { heldInFolder } from './support/held-files';

describe('A backup during which PostgreSQL crashes', () => {
  let runs: FailingRuns;

  beforeAll(async () => {
    runs = await FailingRuns.start();
  }, 60_000);
  afterAll(async () => {
    await runs.stop();
  });
  afterEach(async () => {
    await runs.stage.strike();
  });

  /** A lease whose end could not be told counts until it is stale. */
  const letTimePass = async (): Promise<void> => {
    await runs.database.query(`UPDATE operation_leases SET heartbeat_at = now() - interval '1 minute'`);
  };
  /** Crashes as soon as a step is over. */
  function crashAfter(step: string): { observer: RunObserver; crashed: () => Promise<void> } {
    let crashed: Promise<void> | undefined;
    const finished: RunObserver['finished'] = ({ name }) => {
      if (name === step) crashed = runs.database.crash();
    };
    return { observer: { progress: () => undefined, finished }, crashed: async () => crashed };
  }

  it('in the middle of the dump: it fails, which is written down once there is a server again', async () => {
    await runs.set();
    await runs.makeEarlier();
    let crashed: Promise<void> | undefined;
    let started: Promise<void> | undefined;
    const { observer } = runs.inTheMiddle((pid) => {
      // It does not get to its end meanwhile.
      process.kill(pid, 'SIGSTOP');
      crashed = runs.database.crash().finally(() => process.kill(pid, 'SIGCONT'));
    });
    const finished: RunObserver['finished'] = ({ name }) => {
      if (name === 'notify') started = runs.database.startAgain();
    };
    const run = await runs.stage.run({ observer: { ...observer, finished } });
    await crashed;
    await started;
    await runs.expectNoHarm(run);
    runs.expectTold(run, 'database', /its database connection has ended/);
    expect(await runs.rowOf(run)).toEqual(run);
    await runs.expectNextOneWorks();
  }, 90_000);

  it('after all is done: the backup counts, and that its end could not be written down is told', async () => {
    await runs.set();
    await runs.makeEarlier();
    const { observer, crashed } = crashAfter('prune-sftp');
    const run = await runs.stage.run({ observer });
    await crashed();
    expect(run.status).toBe('succeeded');
    expect(runs.stage.alerts.heard.map(({ subject }) => subject)).toEqual([
      `Backup ${run.id} is made and verified`,
      `Backup ${run.id}: its end could not be written down`,
    ]);
    expect(runs.stage.alerts.heard[1]).toMatchObject({ level: 'warning', facts: { step: 'record', backup: run.id } });
    await runs.stage.local.verify(run.id, never());
    expect(await heldInFolder(runs.server.root)).toHaveProperty([`manual/${manifestName(run.id)}`]);
    await runs.database.startAgain();
    await letTimePass();
    await runs.expectNextOneWorks();
    const ids = (await runs.stage.local.list()).backups.map(({ id }) => id);
    expect(ids.slice(1)).toEqual([run.id, runs.earlier.id]);
    await runs.stage.local.verify(run.id, never());
    expect(await runs.rowOf(run)).toMatchObject({
      status: 'failed',
      manifest: { id: run.id },
      copies: [
        { place: 'local', verified: true },
        { place: 'sftp', verified: true },
      ],
    });
  }, 90_000);

  it('once there is an archive: what there is stays and is whole', async () => {
    await runs.set();
    await runs.makeEarlier();
    const { observer, crashed } = crashAfter('archive');
    const run = await runs.stage.run({ observer });
    await crashed();
    const local = await runs.stage.local.verify(run.id, never());
    expect(local.manifest).toEqual(run.manifest);
    expect(run.status).toBe('failed');
    expect(run.copies).toMatchObject([
      { place: 'local', verified: true },
      { place: 'sftp', verified: false },
    ]);
    const [failure, record, ...others] = runs.stage.alerts.heard;
    expect(failure).toMatchObject({
      level: 'failure',
      subject: `Backup ${run.id} HAS FAILED`,
      facts: { step: 'upload-sftp', cause: expect.stringMatching(/its database connection has ended/) as string },
    });
    expect(record).toMatchObject({ level: 'warning', facts: { backup: run.id, step: 'record' } });
    expect(others).toEqual([]);
    await runs.stage.local.verify(runs.earlier.id, never());
    expect(await heldInFolder(runs.server.root)).toMatchObject(runs.remoteBefore);
    await runs.database.startAgain();
    await letTimePass();
    await runs.expectNextOneWorks();
    expect((await runs.stage.local.list()).backups.map(({ id }) => id).slice(1)).toEqual([run.id, runs.earlier.id]);
  }, 90_000);
});
