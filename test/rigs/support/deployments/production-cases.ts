import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentDocument, DeploymentGround } from '../deployment-stage';
import { Production, type Serving } from './production';
import { buildVersion, type Nature } from './versions';

/** A version's tag, and what is wrong with it. */
const VERSIONS: Readonly<Record<string, Nature>> = {
  '2.0.0': 'good',
  '2.1.0': 'never-healthy',
  '2.2.0': 'fails-plays',
  '2.3.0': 'ends-at-once',
  '3.0.0': 'good',
};

/** The one thing that the rig's production lacks, and is told of: exit code 3. */
const AT_HOME = expect.stringContaining('no store away from this machine is switched on') as unknown;

/** Prod: a new container beside the old one, a smoke journey, and the way back without a hand. */
export function describeProduction(groundOf: () => DeploymentGround): void {
  describe('Production, while somebody plays', () => {
    let ground: DeploymentGround;
    let production: Production;
    let first: DeploymentDocument;
    const ids: Record<string, string> = {};

    beforeAll(async () => {
      ground = groundOf();
      ids['1.0.0'] = await ground.engine.imageId(ground.first);
      await ground.publish(ground.first, 'backend', '1.0.0');
      await ground.publish(ground.images.frontend, 'frontend', 'prod-latest');
      for (const [version, nature] of Object.entries(VERSIONS)) {
        const tag = `${ground.registry.host}/backend:${version}`;
        ids[version] = await buildVersion(ground.engine, { from: ground.first, tag, version, nature });
        await ground.engine.docker('push', tag);
        // What is deployed comes from the registry.
        await ground.engine.docker('image', 'rm', tag);
      }
      ({ production, first } = await Production.open(ground, '1.0.0'));
    }, 300_000);

    /** What has to be so after each of them: one version serves, whole, and no play is lost or made twice. */
    async function expectServing(version: string): Promise<Serving> {
      const serving = await production.serving();
      const image = ids[version];
      expect(serving.images).toMatchObject({ api: [image], ops: [image] });
      expect([serving.images['nginx'], serving.images['postgres'], serving.images['frontend']]).toEqual([
        [expect.any(String)],
        [expect.any(String)],
        [expect.any(String)],
      ]);
      expect((await production.world.ask('GET', '/health')).status).toBe(200);
      expect(await production.differences()).toEqual([]);
      return serving;
    }

    /** With a player whose every play has to be answered with a prize. */
    async function unnoticed<T>(work: () => Promise<T>): Promise<T> {
      const { value, played } = await production.whilePlaying(work);
      expect(played.failed).toEqual([]);
      expect(played.won.length).toBeGreaterThan(5);
      return value;
    }

    it('has a first one, with nothing to go back to', async () => {
      expect(first).toMatchObject({
        status: 'succeeded',
        version: '1.0.0',
        previous: null,
        snapshot: null,
        warnings: [],
      });
      expect(first.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
        'settle passed',
        'resolve passed',
        'snapshot disabled',
        'files passed',
        'migrate passed',
        'switch passed',
        'health passed',
        'smoke passed',
        'accept passed',
        'prune passed',
        'notify disabled',
      ]);
      await expectServing('1.0.0');
    });

    it('replaces a version by a good one, unnoticed; and refuses another deployment meanwhile', async () => {
      await unnoticed(async () => {
        const command = await production.deployUntil('2.0.0', /^snapshot/m);
        const second = await production.stage.tiptop(['deploy', '--env', 'prod', '--tag', '1.0.0', '--json']);
        expect(second.exitCode).toBe(1);
        expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'OPERATION_UNDER_WAY' } });
        const end = await command.ended;
        expect(end.stderr).toMatch(/passed +switch +rolling\n/);
        expect(end.exitCode).toBe(3);
      });
      await expectServing('2.0.0');
      expect(await production.rows(3)).toMatchObject([
        { status: 'succeeded', warnings: [AT_HOME] },
        { status: 'succeeded', warnings: [] },
      ]);
    }, 240_000);

    it.each([
      ['that never gets healthy', '2.1.0', /^switch: .*(healthy|health)/],
      ['that ends at once', '2.3.0', /^switch: .*(ended|exited|has a fault)/],
    ])(
      'does not let in a version %s',
      async (_, version, why) => {
        const { containers } = await production.serving();
        const document = await unnoticed(() => production.stage.deploy(version));
        expect(document).toMatchObject({
          exitCode: 1,
          status: 'rolled-back',
          reason: expect.stringMatching(why) as unknown,
        });
        expect(document.recoverySeconds).toBeGreaterThanOrEqual(0);
        const serving = await expectServing('2.0.0');
        // It was the old container that served throughout, not a new one of the old version.
        expect(serving.containers).toEqual(containers);
      },
      240_000,
    );

    it('takes a version back whose smoke journey fails, and loses no play', async () => {
      const { value, played } = await production.whilePlaying(() => production.stage.deploy('2.2.0'));
      expect(value).toMatchObject({
        exitCode: 1,
        status: 'rolled-back',
        version: '2.2.0',
        reason: expect.stringMatching(/^smoke: .*play.*500/) as unknown,
      });
      expect(value.previous?.backend.id).toBe(ids['2.0.0']);
      expect(value.recoverySeconds).toBeGreaterThan(0);
      const after = value.steps.slice(value.steps.findIndex(({ name }) => name === 'smoke') + 1);
      expect(after.map(({ name, status }) => `${name} ${status}`)).toEqual([
        'rollback passed',
        'rollback-health passed',
        'rollback-smoke passed',
        'notify disabled',
      ]);
      // While the bad one served it refused, as it does; nothing else was ever answered.
      expect(played.failed.filter((failure) => !failure.startsWith('500 '))).toEqual([]);
      expect(played.failed.length).toBeGreaterThan(0);
      await expectServing('2.0.0');
    }, 240_000);

    describe('is cancelled, and touches nothing,', () => {
      let before: Serving;

      beforeAll(async () => {
        before = await production.serving();
      });

      async function expectCancelled(why: RegExp): Promise<void> {
        const document = await unnoticed(() => production.stage.deploy('3.0.0'));
        expect(document).toMatchObject({
          exitCode: 1,
          status: 'cancelled',
          reason: expect.stringMatching(why) as unknown,
        });
        expect(await expectServing('2.0.0')).toEqual(before);
      }

      it('where the registry is down', async () => {
        ground.registry.crash();
        try {
          await expectCancelled(/^resolve: .*127\.0\.0\.1/);
        } finally {
          await ground.registry.restart();
        }
      }, 120_000);

      it('where the frontend’s image is gone from the registry and from here', async () => {
        const { host } = ground.registry;
        const digest = await ground.registry.digest('frontend', 'prod-latest');
        await ground.registry.remove('frontend', digest ?? '');
        await ground.engine.docker(
          'image',
          'rm',
          '--force',
          `${host}/frontend:prod-latest`,
          `${host}/frontend@${digest ?? ''}`,
        );
        try {
          await expectCancelled(/frontend/);
        } finally {
          await ground.publish(ground.images.frontend, 'frontend', 'prod-latest');
        }
      }, 120_000);

      it('where the database can’t be dumped', async () => {
        await production.stage.query('ALTER ROLE tiptop_backup NOLOGIN');
        try {
          await expectCancelled(/^snapshot: .*tiptop_backup/);
        } finally {
          await production.stage.query('ALTER ROLE tiptop_backup LOGIN');
        }
      }, 120_000);
    });

    it('goes back by hand: to a snapshot that was taken ahead, and to the version before', async () => {
      const { exitCode, stdout } = await production.stage.tiptop(['deploy', 'snapshot', '--env', 'prod', '--json']);
      const taken = JSON.parse(stdout) as { tag: string; warnings: string[] };
      expect([exitCode, taken]).toMatchObject([3, { warnings: [AT_HOME] }]);
      const { tag } = taken;
      expect(tag).toMatch(/^backup-\d{8}-\d{6}$/);
      await stat(join(production.stage.folder, 'snapshots', tag, 'rollback-point.json'));
      await unnoticed(async () => {
        const deployed = await production.stage.deploy('3.0.0', '--snapshot', tag);
        expect(deployed).toMatchObject({ exitCode: 3, status: 'succeeded', snapshot: tag });
        expect(await production.stage.rollBack('--to', tag)).toMatchObject({ exitCode: 0, kind: 'rollback' });
      });
      await expectServing('2.0.0');
      await unnoticed(async () => {
        expect(await production.stage.rollBack()).toMatchObject({ exitCode: 0, status: 'succeeded' });
      });
      await expectServing('1.0.0');
    }, 280_000);

    it('killed before the switch, leaves the old version serving; killed after it, the new one', async () => {
      const { containers } = await production.serving();
      await unnoticed(async () => {
        const early = await production.deployUntil('3.0.0', /^migrate: /m);
        early.child.kill('SIGKILL');
        await early.ended;
        expect((await production.serving()).containers).toEqual(expect.arrayContaining(containers));
        expect(await production.rows(1)).toMatchObject([{ status: 'running', step: 'migrate' }]);
        const late = await production.deployUntil('3.0.0', /^smoke: play/m);
        late.child.kill('SIGKILL');
        await late.ended;
        expect(late.said()).toMatch(/^passed +settle +.*compose starts the release again that answers/m);
        expect(await production.rows(2)).toMatchObject([
          { status: 'running', step: 'smoke' },
          { status: 'failed', reason: expect.stringContaining('migrate') as unknown },
        ]);
        // Whatever comes next puts it in order; here one that fails by itself.
        const next = await production.stage.deploy('no-such-tag');
        expect(next).toMatchObject({
          status: 'cancelled',
          steps: [{ name: 'settle', detail: expect.stringMatching(/removed/) as unknown }, {}, {}],
        });
      });
      await expectServing('3.0.0');
    }, 280_000);

    it('interrupted after the switch, goes back by itself', async () => {
      await unnoticed(async () => {
        const command = await production.deployUntil('2.0.0', /^smoke: /m);
        command.child.kill('SIGTERM');
        const { exitCode } = await command.ended;
        expect(exitCode).toBe(1);
      });
      expect(await production.rows(1)).toMatchObject([
        { status: 'rolled-back', reason: expect.stringContaining('interrupted') as unknown },
      ]);
      await expectServing('3.0.0');
    }, 240_000);

    it('is on record, with figures of all of it', async () => {
      const token = await production.administrator();
      const list = await production.world.ask('GET', '/v1/ops/deployments?limit=100', { token });
      const items = list.body['items'] as Record<string, unknown>[];
      expect([list.status, items.length]).toEqual([
        200,
        Number((await production.stage.query<{ n: number }>('SELECT count(*)::int AS n FROM deployments'))[0]?.n),
      ]);
      expect(items.at(-1)).toMatchObject({
        status: 'succeeded',
        kind: 'deployment',
        durationSeconds: expect.any(Number) as unknown,
      });
      const kpis = await production.world.ask('GET', '/v1/ops/kpis', { token });
      const finished = items.filter(({ kind, status }) => kind === 'deployment' && status !== 'running');
      const good = finished.filter(({ status }) => status === 'succeeded');
      expect(kpis.body['deploySuccessRate']).toMatchObject({
        value: expect.closeTo((good.length / finished.length) * 100, 0) as unknown,
        met: false,
      });
      expect(kpis.body['mttr']).toMatchObject({ value: expect.any(Number) as unknown, met: true });
    }, 60_000);
  });
}
