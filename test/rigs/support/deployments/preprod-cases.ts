import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type DeploymentGround, DeploymentStage } from '../deployment-stage';
import { buildVersion } from './versions';

const run = promisify(execFile);
const PAGE = 'docs/deployments.md';
const COMMANDS_MS = 280_000;

/**
 * What a test has to do in another way. A clone of this repository is a copy of what git would clone, its packages are there
 * already, and a container that is built has no network of its own on the rig's engine.
 */
const PRELUDE = `
git() { if [ "$1" = clone ]; then cp -a "$CHECKOUT" the-tip-top; else command git -C "$REPOSITORY" "$@"; fi; }
npm() { if [ "$1" = ci ]; then test -d node_modules; else command npm "$@"; fi; }
docker() { if [ "$1" = build ]; then shift; command docker build --network host "$@"; else command docker "$@"; fi; }
`;

/** The five commands of the page, with the names in them replaced by those of the rig. */
async function commands(stage: DeploymentStage): Promise<string[]> {
  const page = await readFile(PAGE, 'utf8');
  const [, block = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const names: Record<string, string> = {
    'registry.example:5000': stage.ground.registry.host,
    'https://api.preprod.example': stage.publicUrl,
    '/srv/devops/the-tip-top/preprod': stage.folder,
  };
  const replaced = Object.entries(names).reduce((text, [name, value]) => {
    if (!text.includes(name)) throw new Error(`${PAGE} does not name ${name} in its five commands`);
    return text.replaceAll(name, value);
  }, block);
  return replaced.trim().split('\n');
}

/** Dev and preprod: containers are replaced, and a bad version stays for a look. */
export function describePreprod(groundOf: () => DeploymentGround): void {
  describe('Preprod, by the five commands of docs/deployments.md', () => {
    let stage: DeploymentStage;
    let work: string;

    beforeAll(async () => {
      const ground = groundOf();
      stage = await DeploymentStage.set(ground, 'preprod');
      work = ground.engine.folder;
      await ground.engine.docker('tag', ground.images.base, 'node:24-bookworm-slim');
    }, 60_000);

    it('runs, from nothing', async () => {
      const lines = await commands(stage);
      expect(lines).toHaveLength(5);
      const env = {
        ...stage.variables,
        PATH: `${process.env['PATH'] ?? ''}:${stage.variables['PATH'] ?? ''}`,
        DOCKER_BUILDKIT: '0',
        CHECKOUT: stage.checkout,
        REPOSITORY: process.cwd(),
      };
      // Each as it stands, in one shell after the other: the first one's cd holds for all.
      const script = [PRELUDE, 'set -euo pipefail', ...lines].join('\n');
      const options = { cwd: work, env, timeout: COMMANDS_MS, maxBuffer: 64 * 1024 * 1024 };
      const { stdout } = await run('bash', ['-c', script], options).catch((error: unknown) => {
        const { stdout: out, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`The commands failed: ${out.slice(-2000)}${stderr.slice(-4000)}`);
      });
      expect(stdout).toMatch(/deployment of preprod to preprod-latest: succeeded/);
      const answer = await (await stage.world()).ask('GET', '/health');
      expect([answer.status, answer.body['status']]).toEqual([200, 'ok']);
      for (const service of ['api', 'ops', 'nginx', 'postgres']) {
        expect((await stage.containers(service)).map(({ state }) => state)).toEqual(['running']);
      }
      expect(await stage.containers('frontend')).toEqual([]);
    }, 300_000);

    it('prepares nothing anew that is there', async () => {
      const { stdout } = await stage.prepareAgain();
      expect(JSON.parse(stdout)).toMatchObject({ made: [], migrated: [] });
      expect((await (await stage.world()).ask('GET', '/health')).status).toBe(200);
    }, 60_000);

    it('replaces its containers at the next deployment, and keeps no snapshot', async () => {
      await stage.untilIdle();
      const [before] = await stage.containers('api');
      await publish('good', '2.0.0');
      const document = await stage.deploy('2.0.0');
      expect(document).toMatchObject({ exitCode: 0, status: 'succeeded', snapshot: null, version: '2.0.0' });
      expect(document.steps.find(({ name }) => name === 'switch')?.detail).toBe('recreate');
      const [after, ...more] = await stage.containers('api');
      expect(more).toEqual([]);
      expect(after?.id).not.toBe(before?.id);
    }, 120_000);

    it('brings the schema that a version needs before it starts it', async () => {
      const [{ name } = { name: '' }] = await stage.query<{ name: string }>(
        'SELECT name FROM migrations ORDER BY id DESC LIMIT 1',
      );
      await stage.succeeding(['migrate', 'down'], '', stage.asOwner());
      const document = await stage.deploy('2.0.0');
      expect(document).toMatchObject({ exitCode: 0, status: 'succeeded' });
      expect(await stage.query('SELECT name FROM migrations WHERE name = $1', [name])).toHaveLength(1);
    }, 120_000);

    it('stays on a version that does not get well, says so, and goes back by hand', async () => {
      await publish('never-healthy', '2.1.0');
      const document = await stage.deployWith({ DEPLOY_HEALTH_TRIES: '3' }, '2.1.0');
      expect(document).toMatchObject({
        exitCode: 1,
        status: 'failed',
        reason: expect.stringMatching(/^health: /) as unknown,
      });
      expect((await (await stage.world()).ask('GET', '/health')).status).toBe(503);
      expect(await stage.rollBack()).toMatchObject({ exitCode: 0, status: 'succeeded', version: '2.0.0' });
      expect((await (await stage.world()).ask('GET', '/health')).status).toBe(200);
    }, 180_000);

    async function publish(nature: 'good' | 'never-healthy', version: string): Promise<void> {
      const { engine, registry } = stage.ground;
      const [from, tag] = ['preprod-latest', version].map((name) => `${registry.host}/backend:${name}`) as [
        string,
        string,
      ];
      await buildVersion(engine, { from, tag, version, nature });
      await engine.docker('push', tag);
    }
  });
}
